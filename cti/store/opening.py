"""Which store an address means: `memory:`, `sqlite:///file`, `redis://…`, or a Redis found by its Sentinels."""

from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from cti.store.base import Store, StoreAddressError
from cti.store.guarded import Driver, GuardedStore
from cti.store.memory import MemoryDriver
from cti.store.redis import RedisDriver
from cti.store.sqlite import SqliteDriver

REDIS_DEADLINE_SECONDS = 0.2
DISK_DEADLINE_SECONDS = 0.5
MAX_CONNECTIONS = 16
_CURE = (
    "write memory:, sqlite:///relative/file, sqlite:////absolute/file, redis://[user:password@]host[:port][/db], "
    "rediss://…, unix:///socket or redis+sentinel://[:password@]host:port,host:port/service[/db]"
)


def open_store(url: str, *, deadline_seconds: float | None = None) -> Store:
    """Return the store at an address. Connects at the first call, so a dead store hinders no start.

    Args:
        url: see the module's first line; `valkey` may stand for `redis` everywhere.
        deadline_seconds: end of each call; None: 0.2 s for Redis, 0.5 s for a file.

    Raises:
        StoreAddressError: the address is not understood (the message does not repeat it: it may hold a password).

    """
    seconds = deadline_seconds or (
        DISK_DEADLINE_SECONDS if url.startswith(("memory", "sqlite")) else REDIS_DEADLINE_SECONDS
    )
    try:
        driver = _driver(url, seconds)
    except (ValueError, TypeError) as error:
        reason = "" if isinstance(error, StoreAddressError) else " (a part of it is malformed)"
        raise StoreAddressError(f"the store's address is not understood{reason}: {_CURE}") from None
    return GuardedStore(driver, deadline_seconds=seconds)


def _driver(url: str, seconds: float) -> Driver:
    scheme, _, rest = url.replace("valkey", "redis", 1).partition(":")
    if scheme == "memory" and rest in ("", "//"):
        return MemoryDriver()
    if scheme == "sqlite" and rest.startswith("///") and len(rest) > 3:
        return SqliteDriver(Path(rest[3:]).expanduser())
    if scheme in ("redis", "rediss", "unix"):
        return _single_redis(f"{scheme}:{rest}", seconds)
    if scheme == "redis+sentinel":
        return _sentinel_redis(f"{scheme}:{rest}", seconds)
    raise StoreAddressError(_CURE)


def _options(seconds: float) -> dict[str, Any]:
    """Return what makes every exchange end by itself: short time-outs, and no retries hidden below ours."""
    return {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }


def _single_redis(url: str, seconds: float) -> RedisDriver:
    def connect() -> tuple[Redis, ...]:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=MAX_CONNECTIONS, timeout=seconds, **_options(seconds)
        )
        return (Redis.from_pool(pool),)

    if not urlsplit(url).netloc and not url.startswith("unix:///"):
        raise StoreAddressError(_CURE)
    connect()  # no connection is made yet: this only finds out whether the address can be read
    return RedisDriver(connect)


def _sentinel_redis(url: str, seconds: float) -> RedisDriver:
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    service, _, db = parts.path.strip("/").partition("/")
    sentinels = [_host_and_port(host) for host in hosts.split(",")]
    sentinel_password = parse_qs(parts.query).get("sentinel_password", [None])[0]
    if not service or not hosts:
        raise StoreAddressError(_CURE)
    login: dict[str, Any] = {
        "username": unquote(user) or None,
        "password": unquote(password) or None,
        "db": int(db or 0),
    }

    def connect() -> tuple[Redis, ...]:
        options = {"password": sentinel_password, **_options(seconds)}
        watchers = Sentinel(sentinels, sentinel_kwargs=options)  # type: ignore[no-untyped-call]
        master = cast("Redis", watchers.master_for(service, **login, **_options(seconds)))
        return (master, *watchers.sentinels)

    return RedisDriver(connect)


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return (host, int(port)) if host else (text, 26379)
