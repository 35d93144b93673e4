"""The queues, tiers and agents that calls are routed by: swapped whole under live calls, or not at all."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from acd.config import Policy
from cti.config import Loaded
from ivr.document import BadDocument

_VERSION_DIGITS = 12


class PolicyRefused(Exception):
    """A configuration cannot be used; the message lists every finding. Nothing has changed."""


class PolicyMetrics(Protocol):
    """What is counted of reloads."""

    def policy_loaded(self, policy: Policy) -> None:
        """Calls are routed by this policy now; the last configuration tried was good."""

    def policy_refused(self) -> None:
        """The last configuration tried is broken; the alarm stays up until a good one comes."""


@dataclass(frozen=True, slots=True)
class PolicyStatus:
    """`version` is in force, a fingerprint of what the files say; `warnings` are its findings; `refused` says why the last
    configuration tried was not taken, "" if it was."""

    version: str
    queues: tuple[str, ...]
    tiers: tuple[str, ...]
    agents: int
    warnings: tuple[str, ...]
    refused: str


class PolicyInForce:
    """Holds the policy.

    Args:
        first: what the server starts with.
        read: reads and checks the files on disk; raises BadDocument. Runs in a thread.
        check: raises PolicyRefused when what the files say does not fit the rest of the server (flows that name a queue which
            is gone, a default queue that is). Runs in a thread.
        metrics: counts reloads.

    """

    def __init__(self, first: Loaded, *, read: Callable[[], Loaded], check: Callable[[Policy], None], metrics: PolicyMetrics) -> None:
        self._loaded = first
        self._read = read
        self._check = check
        self._metrics = metrics
        self._refused = ""
        self._one_at_a_time = asyncio.Lock()
        self._taken: Callable[[Policy], None] = lambda _policy: None
        self.log = structlog.get_logger("policy")

    @property
    def policy(self) -> Policy:
        """What calls are routed by."""
        return self._loaded.policy

    @property
    def status(self) -> PolicyStatus:
        """What is in force."""
        policy = self._loaded.policy
        return PolicyStatus(
            _version(policy), tuple(policy.queues), tuple(policy.tiers), len(policy.agents),
            tuple(str(finding) for finding in self._loaded.warnings), self._refused,
        )

    def when_taken(self, tell: Callable[[Policy], None]) -> None:
        """Have `tell` called with each policy from the moment it is in force."""
        self._taken = tell

    async def reload(self) -> PolicyStatus:
        """Read, check and take the configuration on disk; the same one again changes nothing.

        Raises PolicyRefused; nothing has changed then.
        """
        async with self._one_at_a_time:
            try:
                self._take(await self._usable())
            except (BadDocument, PolicyRefused) as error:
                self._refuse(str(error))
                raise PolicyRefused(self._refused) from error
            return self.status

    async def watch(self, every_seconds: float) -> None:
        """Take the files whenever they say something else, until cancelled. A broken set is logged and alarmed once."""
        while True:
            await asyncio.sleep(every_seconds)
            async with self._one_at_a_time:
                await self._look()

    async def _look(self) -> None:
        try:
            if not self._refused and (await asyncio.to_thread(self._read)).policy == self.policy:
                return
            loaded = await self._usable()
        except (BadDocument, PolicyRefused) as error:
            if str(error) != self._refused:
                self._refuse(str(error))
            return
        self._take(loaded)

    async def _usable(self) -> Loaded:
        loaded = await asyncio.to_thread(self._read)
        await asyncio.to_thread(self._check, loaded.policy)
        return loaded

    def _refuse(self, reason: str) -> None:
        self._refused = reason
        self._metrics.policy_refused()
        self.log.warning("policy_refused", reason=reason, policy_version=_version(self.policy))

    def _take(self, loaded: Loaded) -> None:
        changed = loaded.policy != self.policy
        self._loaded, self._refused = loaded, ""
        self._metrics.policy_loaded(loaded.policy)
        if changed:
            self._taken(loaded.policy)
        self.log.info("policy_loaded", policy_version=_version(loaded.policy), changed=changed)


def _version(policy: Policy) -> str:
    """A fingerprint: the same for the same rules, however the files are written."""
    return hashlib.sha256(repr(policy).encode()).hexdigest()[:_VERSION_DIGITS]
