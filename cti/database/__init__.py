"""Customers, bills, outages, tickets, messages, surveys and call records in a SQL database."""

from cti.database.engine import Database, DatabaseAddressError
from cti.database.migrate import migrate

__all__ = ["Database", "DatabaseAddressError", "migrate"]
