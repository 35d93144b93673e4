"""Customers, bills, outages, tickets, messages and surveys, behind one small interface: SQL or HTTP/JSON."""

from cti.backends.base import Backend, BackendError, BackendInvalid, BackendTimeout, BackendUnavailable
from cti.backends.catalogue import OPERATIONS, Operation

__all__ = [
    "OPERATIONS",
    "Backend",
    "BackendError",
    "BackendInvalid",
    "BackendTimeout",
    "BackendUnavailable",
    "Operation",
]
