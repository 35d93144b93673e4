"""The store in Redis (or Valkey): one string per cell, `<generation> <json>`, atomic moves as Lua scripts.

A Redis exchange is never cancelled in the middle: `Bounded` lets it run to its own socket time-out. After any failure
(time-out, lost connection, READONLY after a fail-over) the whole client with its pool is replaced; the old one is
closed when its last exchange is over.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

PREFIX = "hotline"
GRACE_SECONDS = 0.5
SCAN_BATCH = 500

_SET = """
local function set(text, lifetime)
  if tonumber(lifetime) > 0 then redis.call('SET', KEYS[1], text, 'PX', lifetime) else redis.call('SET', KEYS[1], text) end
end
local function split(cell) return string.match(cell, '^(%d+) (.*)$') end
"""
_WRITE_GENERATION = (
    _SET
    + """
local cell = redis.call('GET', KEYS[1])
if cell and tonumber((split(cell))) > tonumber(ARGV[1]) then return 0 end
set(ARGV[1] .. ' ' .. ARGV[2], ARGV[3])
return 1
"""
)
_ADD = (
    _SET
    + """
local cell = redis.call('GET', KEYS[1])
local count = tonumber(ARGV[1])
if not cell then
  set(string.format('0 %d', count), ARGV[2])
  return count
end
local _, text = split(cell)
if string.match(text, '^-?%d+$') then count = count + tonumber(text) end
redis.call('SET', KEYS[1], string.format('0 %d', count), 'KEEPTTL')
return count
"""
)
_SWAP = (
    _SET
    + """
local cell = redis.call('GET', KEYS[1])
local text = 'null'
if cell then local _; _, text = split(cell) end
if text ~= ARGV[1] then return 0 end
if ARGV[2] == 'null' then redis.call('DEL', KEYS[1]) else set('0 ' .. ARGV[2], ARGV[3]) end
return 1
"""
)


class Script(Protocol):
    """A Lua script on the server; sent again by itself when the server has forgotten it."""

    async def __call__(self, keys: list[str], args: list[str | int]) -> Any:
        """Run it."""


class RedisDriver:
    """Keeps cells under `hotline:<namespace>:<key>`.

    Args:
        connect: makes a client whose exchanges end by themselves (socket time-outs, no retries), and after it
            those that must be closed with it (the Sentinels that know where it is).

    """

    name = "Redis"
    errors: tuple[type[BaseException], ...] = (RedisError, OSError)

    def __init__(self, connect: Callable[[], tuple[Redis, ...]]) -> None:
        self._connect = connect
        self._clients: tuple[Redis, ...] = ()
        self._scripts: dict[str, Script] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def read(self, namespace: str, key: str) -> tuple[int, str] | None:
        """See `Driver.read`."""
        return _split(await self._redis().get(_name(namespace, key)))

    async def write(self, namespace: str, key: str, text: str, lifetime: float | None) -> None:
        """See `Driver.write`."""
        await self._redis().set(_name(namespace, key), f"0 {text}", px=_milliseconds(lifetime) or None)

    async def write_generation(
        self, namespace: str, key: str, generation: int, text: str, lifetime: float | None
    ) -> bool:
        """See `Driver.write_generation`."""
        return bool(await self._run(_WRITE_GENERATION, namespace, key, generation, text, _milliseconds(lifetime)))

    async def remove(self, namespace: str, key: str) -> None:
        """See `Driver.remove`."""
        await self._redis().delete(_name(namespace, key))

    async def scan(self, namespace: str) -> dict[str, str]:
        """See `Driver.scan`: SCAN may name a key twice and values may expire between the two steps."""
        client, prefix = self._redis(), _name(namespace, "")
        names = [name async for name in client.scan_iter(match=f"{prefix}*", count=SCAN_BATCH)]
        found: dict[str, str] = {}
        for start in range(0, len(names), SCAN_BATCH):
            batch = names[start : start + SCAN_BATCH]
            for name, cell in zip(batch, await client.mget(batch), strict=True):
                if (parts := _split(cell)) is not None:
                    found[_text(name)[len(prefix) :]] = parts[1]
        return found

    async def add(self, namespace: str, key: str, amount: int, lifetime: float) -> int:
        """See `Driver.add`."""
        return int(await self._run(_ADD, namespace, key, amount, _milliseconds(lifetime)))

    async def swap(self, namespace: str, key: str, expected: str, new: str, lifetime: float | None) -> bool:
        """See `Driver.swap`."""
        return bool(await self._run(_SWAP, namespace, key, expected, new, _milliseconds(lifetime)))

    async def ping(self) -> None:
        """See `Driver.ping`."""
        await self._redis().ping()

    def drop(self) -> None:
        """See `Driver.drop`."""
        clients, self._clients, self._scripts = self._clients, (), {}
        if clients:
            leaving = asyncio.ensure_future(self._close_later(clients))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def shut(self) -> None:
        """See `Driver.shut`."""
        for leaving in self._leaving:
            leaving.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)
        clients, self._clients = self._clients, ()
        await _close(clients)

    async def _close_later(self, clients: tuple[Redis, ...]) -> None:
        try:
            await asyncio.sleep(GRACE_SECONDS)
        finally:
            await _close(clients)

    def _redis(self) -> Redis:
        if not self._clients:
            self._clients = self._connect()
        return self._clients[0]

    async def _run(self, script: str, namespace: str, key: str, *arguments: str | int) -> Any:
        if script not in self._scripts:
            self._scripts[script] = cast("Script", self._redis().register_script(script))
        return await self._scripts[script](keys=[_name(namespace, key)], args=list(arguments))


async def _close(clients: tuple[Redis, ...]) -> None:
    for client in clients:
        with suppress(RedisError, OSError):
            await client.aclose()


def _name(namespace: str, key: str) -> str:
    return f"{PREFIX}:{namespace}:{key}"


def _milliseconds(lifetime: float | None) -> int:
    """Return the lifetime as Redis wants it; 0 stands for no end, so a short one is at least 1."""
    return 0 if lifetime is None else max(1, round(lifetime * 1000))


def _text(raw: object) -> str:
    return raw.decode() if isinstance(raw, bytes) else str(raw)


def _split(cell: object) -> tuple[int, str] | None:
    """Return (generation, text); None for nothing and for what somebody else wrote under our name."""
    if cell is None:
        return None
    generation, _, text = _text(cell).partition(" ")
    return (int(generation), text) if generation.isdigit() and text else None
