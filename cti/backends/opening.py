"""All backends a flow may name, opened from the configuration."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from cti.backends.base import Backend
from cti.backends.config import BackendsConfig, HttpEntry
from cti.backends.http import HttpAddress, HttpBackend
from cti.backends.lockout import LockoutBackend
from cti.backends.sql import SqlBackend
from cti.database.engine import Database
from cti.store.base import Store


class _Token:
    """A bearer token, wrapped as backends want secrets."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret

    def reveal(self) -> str:
        """Return the token."""
        return self._secret.get_secret_value()


def open_backends(config: BackendsConfig, *, database: Database, store: Store, zone: ZoneInfo) -> Mapping[str, Backend]:
    """Return the backends by name, each with the lock-out in front. Nothing is connected yet.

    Args:
        config: as read by `read_backends_config`.
        database: for those of type sql; stays the caller's to close, after the backends.
        store: where wrong PINs are counted; stays the caller's to close.
        zone: the hotline's time zone: where days begin that ticket numbers start with.

    """
    rules, lockout = config.rules(zone), config.lockout
    opened: dict[str, Backend] = {}
    for name, entry in config.backends.items():
        inner: Backend = _http(entry) if isinstance(entry, HttpEntry) else SqlBackend(database, rules)
        opened[name] = LockoutBackend(inner, store, max_tries=lockout.max_tries, lock_seconds=lockout.lock_seconds)
    return opened


def _http(entry: HttpEntry) -> HttpBackend:
    token = None if entry.token is None else _Token(entry.token)
    return HttpBackend(HttpAddress(entry.url, token, entry.allow_plain_http))
