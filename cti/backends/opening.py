"""All backends a flow may name, opened from the configuration."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from cti.backends.base import Backend
from cti.backends.carrier import HttpCarrier
from cti.backends.config import BackendsConfig, HttpEntry, HttpGatewayEntry
from cti.backends.gateway import SmsGateway
from cti.backends.http import HttpAddress, HttpBackend
from cti.backends.lockout import LockoutBackend
from cti.backends.service import HttpService
from cti.backends.sql import SqlBackend
from cti.database.engine import Database
from cti.store.base import Store


class _Token:
    """A token or header, wrapped as backends want secrets."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret

    def reveal(self) -> str:
        """Return the token."""
        return self._secret.get_secret_value()


def open_backends(
    config: BackendsConfig, *, database: Database, store: Store, zone: ZoneInfo, own_url: str = ""
) -> Mapping[str, Backend]:
    """Return backends (each with the lock-out in front), services and gateways by name. Nothing is connected yet.

    Args:
        config: as read by `read_backends_config`.
        database: for those of type sql; stays the caller's to close, after the backends.
        store: where wrong PINs are counted; stays the caller's to close.
        zone: the hotline's time zone: where days begin that ticket numbers start with.
        own_url: address of the hotline's own HTTP server, for services at `hotline:/…`.

    """
    rules, lockout = config.rules(zone), config.lockout
    opened: dict[str, Backend] = {}
    for name, entry in config.backends.items():
        inner: Backend = _http(entry) if isinstance(entry, HttpEntry) else SqlBackend(database, rules)
        opened[name] = LockoutBackend(inner, store, max_tries=lockout.max_tries, lock_seconds=lockout.lock_seconds)
    for name, service in config.services.items():
        url = f"{own_url}{service.own}" if service.own else service.url
        plain = service.allow_plain_http or bool(service.own)
        opened[name] = HttpService(name, _address(url, service.token, service.headers, plain=plain))
    for name, gateway in config.gateways.items():
        carrier = _carrier(gateway) if isinstance(gateway, HttpGatewayEntry) else None
        opened[name] = SmsGateway(name, database, gateway.rules, rules, carrier)
    return opened


def _http(entry: HttpEntry) -> HttpBackend:
    return HttpBackend(_address(entry.url, entry.token, {}, plain=entry.allow_plain_http))


def _carrier(entry: HttpGatewayEntry) -> HttpCarrier:
    address = _address(entry.url, entry.token, entry.headers, plain=entry.allow_plain_http)
    return HttpCarrier(address, entry.fields, {name: _word(value) for name, value in entry.success.items()})


def _address(url: str, token: SecretStr | None, headers: Mapping[str, SecretStr], *, plain: bool) -> HttpAddress:
    wrapped = {name: _Token(value) for name, value in headers.items()}
    return HttpAddress(url, None if token is None else _Token(token), plain, wrapped)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
