"""For all unit tests."""

from tests.support.database_fixtures import database_url, empty_url, migrated, postgres

__all__ = ["database_url", "empty_url", "migrated", "postgres"]
