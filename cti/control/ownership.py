"""Who may move calls: one owner at a time, proven before every action.

The owner is `<epoch>:<random>` in a global of Asterisk; the dialplan's gate lets no leg of another owner through. A
server that was paused, replaced, or whose heartbeat cannot be confirmed for FENCE_SECONDS sends nothing more.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from cti.ami.encode import Headers
from cti.ami.errors import ActionTimeout, OwnershipLost
from cti.ami.frames import Frame
from cti.ami.switch import GLOBAL_HEARTBEAT, GLOBAL_OWNER, Requester, Switch
from cti.clock import Clock
from cti.store.base import Namespace, Store, StoreDown

HEARTBEAT_SECONDS = 0.5
#: Longer than two heartbeats: a live owner's counter must have moved by then.
WATCH_SECONDS = 1.2
FENCE_SECONDS = 5.0
#: An unanswered heartbeat ends the attachment well before the fence trips: a frozen link is no reason to end the process.
ANSWER_SECONDS = 2.5
EPOCH_DIGITS = 6


class OwnerAlive(OwnershipLost):
    """Another server is alive at start. The cure is in the message."""


def epoch_of(owner: str) -> int:
    """The epoch of an owner text, 0 if there is none."""
    digits = owner.partition(":")[0]
    return int(digits) if digits.isdecimal() else 0


class Fence:
    """A requester that refuses to send once ownership has not been confirmed for FENCE_SECONDS.

    The monotonic clock goes on while a process is stopped, so a server that wakes up finds itself fenced.
    """

    def __init__(self, session: Requester, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._confirmed_at = clock.now()
        self.tripped = asyncio.Event()

    def confirm(self) -> None:
        """Ownership was read back just now."""
        self._confirmed_at = self._clock.now()

    def request(self, action: str, headers: Headers = (), *, is_list: bool = False, action_id: str | None = None, timeout_seconds: float = 5.0) -> Awaitable[list[Frame]]:
        """As AmiSession.request. Raises OwnershipLost instead of sending after a pause."""
        self.check()
        return self._session.request(action, headers, is_list=is_list, action_id=action_id, timeout_seconds=timeout_seconds)

    def check(self) -> None:
        """Raise OwnershipLost after a pause."""
        if self.tripped.is_set() or self._clock.now() - self._confirmed_at > FENCE_SECONDS:
            self.tripped.set()
            raise OwnershipLost("ownership was not confirmed in time: this server was paused or cut off")


class FencedToo:
    """Another session behind the same fence: who does not own the calls does not even look."""

    def __init__(self, fence: Fence, session: Requester) -> None:
        self._fence = fence
        self._session = session

    def request(self, action: str, headers: Headers = (), *, is_list: bool = False, action_id: str | None = None, timeout_seconds: float = 5.0) -> Awaitable[list[Frame]]:
        """As Fence.request."""
        self._fence.check()
        return self._session.request(action, headers, is_list=is_list, action_id=action_id, timeout_seconds=timeout_seconds)


async def watch_for_pauses(clock: Clock) -> None:
    """Run beside everything else. Raises OwnershipLost once this process stood still for FENCE_SECONDS: others may own the
    calls by now, and what is waiting to be sent here is stale."""
    while True:
        before = clock.now()
        await asyncio.sleep(HEARTBEAT_SECONDS)
        paused_seconds = clock.now() - before - HEARTBEAT_SECONDS
        if paused_seconds > FENCE_SECONDS:
            raise OwnershipLost(f"this server stood still for {paused_seconds:.1f} s")


async def acquire(switch: Switch, store: Store, *, own: str | None, take_over: bool) -> str:
    """Become the owner and return the owner text.

    `own` is this process's earlier owner text after a lost link: it is kept if nobody else took over.
    Raises OwnerAlive if another server's heartbeat moves and `take_over` is false.
    """
    present = await switch.get_global(GLOBAL_OWNER)
    if own is not None:
        if present not in ("", own):
            raise OwnershipLost(f"owner {present} took over while the link was down")
        await switch.set_global(GLOBAL_OWNER, own)
        return own
    if present and not take_over and await _moves(switch):
        raise OwnerAlive(
            f"another hotline server (owner {present}) is alive on this Asterisk. Stop it first, "
            "or start this one with --take-over to replace it."
        )
    owner = f"{await _next_epoch(store, epoch_of(present)):0{EPOCH_DIGITS}d}:{secrets.token_hex(6)}"
    await switch.set_global(GLOBAL_OWNER, owner)
    return owner


async def _moves(switch: Switch) -> bool:
    before = await switch.get_global(GLOBAL_HEARTBEAT)
    await asyncio.sleep(WATCH_SECONDS)
    return await switch.get_global(GLOBAL_HEARTBEAT) != before


async def _next_epoch(store: Store, seen: int) -> int:
    try:
        stored = await store.get(Namespace.OWNER, "epoch")
    except StoreDown:
        stored = None
    epoch = max(seen, stored if isinstance(stored, int) else 0) + 1
    try:
        await store.put(Namespace.OWNER, "epoch", epoch)
    except StoreDown:
        return epoch
    return epoch


class Heartbeat:
    """Confirms ownership and bumps the dialplan's heartbeat.

    `pulse` puts a marker into the router's queue and returns the future that ends when the router has come to it: a
    router that hangs lets the heartbeat go stale, and the dialplan looks after the callers.
    """

    def __init__(self, switch: Switch, fence: Fence, owner: str, pulse: Callable[[], "asyncio.Future[None]"]) -> None:
        self._switch = switch
        self._fence = fence
        self._owner = owner
        self._pulse = pulse

    async def run(self) -> None:
        """Beat until cancelled. Raises OwnershipLost when the global names another owner."""
        beat = epoch_of(self._owner) * 1_000_000
        while True:
            through = self._pulse()
            present = await self._present_owner()
            if present not in ("", self._owner):
                raise OwnershipLost(f"owner {present} has taken over from {self._owner}")
            if not present:  # a reload wiped the globals (`clearglobalvars`): nobody took over, and the gate refuses everybody
                await self._switch.set_global(GLOBAL_OWNER, self._owner)
            self._fence.confirm()
            if await self._within_a_beat(through):
                beat += 1
                await self._switch.set_global(GLOBAL_HEARTBEAT, str(beat))
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _present_owner(self) -> str:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._switch.get_global(GLOBAL_OWNER)
        except TimeoutError as error:
            raise ActionTimeout(f"no answer to a heartbeat within {ANSWER_SECONDS:g} s") from error

    @staticmethod
    async def _within_a_beat(through: "asyncio.Future[None]") -> bool:
        done, _ = await asyncio.wait([through], timeout=HEARTBEAT_SECONDS)
        return bool(done)
