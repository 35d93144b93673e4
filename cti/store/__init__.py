"""Live state that is not a call, behind one interface: memory, SQLite or Redis."""

from cti.store.base import Json, Namespace, Store, StoreAddressError, StoreDown

__all__ = ["Json", "Namespace", "Store", "StoreAddressError", "StoreDown"]
