"""An AMI session that stays: connects, watches the link by answered pings, and connects again with back-off.

What was sent on a lost link is never sent again; whoever waited gets LinkDown and reads the channels.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from cti.ami.encode import Headers
from cti.ami.errors import AmiError, LinkDown
from cti.ami.frames import Frame
from cti.ami.link import AmiLink

PING_SECONDS = 3.0
PING_ANSWER_SECONDS = 3.0
PAUSE_SECONDS = 8.0
BACKOFF_FIRST_SECONDS = 0.2
BACKOFF_MOST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class AmiAccount:
    """Where and as whom to log in. `secret` is kept out of the representation."""

    host: str
    port: int
    username: str
    secret: str
    events: str

    def __repr__(self) -> str:
        return f"AmiAccount({self.username}@{self.host}:{self.port})"


class AmiSession:
    """One lasting session. `on_event` as in AmiLink; `on_up` is awaited after each login, `on_down` called at each loss.

    `reconnects` counts logins after the first; `most_read_bytes` as in AmiLink.
    """

    def __init__(
        self, account: AmiAccount, interesting: frozenset[str], on_event: Callable[[Frame], None],
        on_up: Callable[[], Awaitable[None]], on_down: Callable[[str], None], most_read_bytes: int = 0,
    ) -> None:
        self._account = account
        self._interesting = interesting
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._most_read_bytes = most_read_bytes
        self._link: AmiLink | None = None
        self._lost = asyncio.Event()
        self._logins = 0
        self.log = structlog.get_logger("ami").bind(session=account.username)

    @property
    def up(self) -> bool:
        """True while logged in."""
        return self._link is not None and self._link.alive

    @property
    def reconnects(self) -> int:
        """Logins after the first one."""
        return max(0, self._logins - 1)

    async def run(self) -> None:
        """Keep the session until cancelled. A refused login is tried again like any other fault: accounts get mended."""
        wait_seconds = BACKOFF_FIRST_SECONDS
        try:
            while True:
                if await self._connect():
                    wait_seconds = BACKOFF_FIRST_SECONDS
                    await self._watch()
                else:
                    wait_seconds = min(wait_seconds * 2, BACKOFF_MOST_SECONDS)
                await asyncio.sleep(wait_seconds * (0.5 + secrets.randbelow(1000) / 1000))
        finally:
            self.close()

    async def _connect(self) -> bool:
        self._lost.clear()
        link = AmiLink(self._on_event, self._link_lost, self._interesting, self._most_read_bytes)
        account = self._account
        try:
            await link.connect(account.host, account.port, account.username, account.secret, events=account.events)
        except AmiError as error:
            self.log.warning("ami_connect_failed", reason=str(error))
            return False
        self._link = link
        self._logins += 1
        self.log.info("ami_up", logins=self._logins)
        await self._on_up()
        return True

    def _link_lost(self, reason: str) -> None:
        self._lost.set()
        self.log.warning("ami_lost", reason=reason)
        self._on_down(reason)

    async def _watch(self) -> None:
        """Return when the link is lost; a ping without an answer counts as lost (half-open TCP)."""
        loop = asyncio.get_running_loop()
        while not self._lost.is_set():
            began = loop.time()
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await self._lost.wait()
            except TimeoutError:
                if loop.time() - began < PAUSE_SECONDS:  # a process that stood still says nothing before it is sure of itself
                    await self._ping()

    async def _ping(self) -> None:
        try:
            await self.request("Ping", timeout_seconds=PING_ANSWER_SECONDS)
        except AmiError as error:
            if self._link is not None and not self._lost.is_set():
                self._link.close()
                self._link_lost(f"no answer to a ping: {error}")

    async def request(self, action: str, headers: Headers = (), *, is_list: bool = False, action_id: str | None = None, timeout_seconds: float = 5.0) -> list[Frame]:
        """As AmiLink.request, on the present link; LinkDown when there is none."""
        if self._link is None:
            raise LinkDown("the AMI link is down")
        return await self._link.request(action, headers, is_list=is_list, action_id=action_id, timeout_seconds=timeout_seconds)

    def close(self) -> None:
        """Drop the link now."""
        if self._link is not None:
            self._link.close()
