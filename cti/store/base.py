"""The store's contract: what agents' states, lock-outs, the owner's epoch, flow sessions and callbacks are kept behind.

Every call has its own deadline (the implementation's, not the caller's) and raises `StoreDown`, and nothing else, when
the store is dead, slow, read-only, full or broken. A write whose call raised `StoreDown` may or may not have happened:
writes are made so that doing them again is harmless. A caller goes on without the store; it never stops a call.

Values are plain JSON (`None` counts as "nothing there"). Times to live are seconds and run on the wall clock, because
they must outlive a restart. Implementations: `cti.store.memory`, `cti.store.sqlite`, `cti.store.redis`;
`cti.store.opening.open_store` picks one by address.
"""

from enum import StrEnum
from typing import Protocol, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class StoreDown(Exception):
    """The store cannot be used now: dead, slow, read-only, full, damaged, or resting behind its breaker."""


class StoreAddressError(ValueError):
    """The store's address cannot be understood. The message tells the cure and shows no password."""


class Namespace(StrEnum):
    """The rooms of the store. Keys of different rooms never meet."""

    AGENTS = "agents"  #: agent name -> state, reason, times
    LOCKOUTS = "lockouts"  #: counters of wrong PINs and locks
    OWNER = "owner"  #: who may move calls: epoch and random part
    SESSIONS = "sessions"  #: call id -> flow session, by generation
    CALLBACKS = "callbacks"  #: queue entry id -> promised callback
    FLOWS = "flows"  #: version of the flows -> their texts by path


class Store(Protocol):
    """Key-value state with a few atomic moves; safe to use from many tasks of one event loop.

    `namespace` is one of `Namespace` (or its text), `key` any text of 1 to 512 characters without control characters;
    anything else raises ValueError. All methods raise StoreDown.
    """

    async def put(self, namespace: str, key: str, value: Json, *, expires_in_seconds: float | None = None) -> None:
        """Write `value`, whatever was there; it vanishes after `expires_in_seconds` (None: never)."""

    async def get(self, namespace: str, key: str) -> Json:
        """Return the value, or None when nothing is there (never written, deleted, expired, lost)."""

    async def delete(self, namespace: str, key: str) -> None:
        """Remove the value and its generation; nothing there is fine."""

    async def items(self, namespace: str) -> dict[str, Json]:
        """Return all living keys of the namespace with their values."""

    async def increment(self, namespace: str, key: str, *, expires_in_seconds: float, amount: int = 1) -> int:
        """Add `amount` to a counter, atomically, and return the new count.

        A counter that was not there starts at 0 and lives `expires_in_seconds` from now; later increments do not
        prolong it. A value that is no whole number counts as not there.
        """

    async def compare_and_set(
        self, namespace: str, key: str, expected: Json, new: Json, *, expires_in_seconds: float | None = None
    ) -> bool:
        """Write `new` if the present value equals `expected` (None: nothing there), atomically; tell if it was written.

        `new` None removes the value. Values are compared as JSON with sorted keys.
        """

    async def put_generation(
        self, namespace: str, key: str, generation: int, value: Json, *, expires_in_seconds: float | None = None
    ) -> bool:
        """Write `value` unless a higher generation is there already (an equal one is written again); tell if written.

        Late writes of an older owner or an older step thus never overwrite newer ones. `value` None keeps the
        generation as a gravestone: reads see nothing, older generations stay refused until it expires.
        """

    async def get_generation(self, namespace: str, key: str) -> tuple[int, Json] | None:
        """Return (generation, value) as last written by `put_generation` (generation 0 after `put`), or None."""

    async def ping(self) -> None:
        """Return when the store answers."""

    async def close(self) -> None:
        """Give connections, threads and files back within one second. Never raises; later calls raise StoreDown."""
