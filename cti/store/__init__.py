"""Live state that is not a call, behind one interface: memory, SQLite or Redis."""

from cti.store.base import Json, Namespace, Store, StoreAddressError, StoreDown
from cti.store.opening import open_store

__all__ = ["Json", "Namespace", "Store", "StoreAddressError", "StoreDown", "open_store"]
