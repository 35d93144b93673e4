"""Agents' states outlive the server: each change is written behind to the store with absolute times, and read at start."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from acd.events import AgentAdopted
from acd.facts import AgentChanged, Fact
from acd.snapshot import AgentSnapshot
from acd.states import AgentState
from cti.clock import Clock
from cti.store.base import Json, Namespace, Store, StoreDown

#: States that are worth remembering; an agent found in any other was in a call, which Asterisk itself shows.
_LASTING = frozenset({AgentState.READY, AgentState.PAUSED, AgentState.WRAP_UP, AgentState.BACKOFF})


class Agents(Protocol):
    """Who knows how each agent stands: the engine."""

    def agent(self, name: str, now: float) -> AgentSnapshot | None:
        """Return one agent's state as of `now` (monotonic seconds), None if he is not known."""


class AgentKeeper:
    """A FactSink that keeps the store's picture of the agents.

    Args: the store; the clock; the engine, None while there is no attachment. Only the agents who changed are asked for:
    this runs beside every offer, and a copy of all callers would hold it up by milliseconds.
    """

    def __init__(self, store: Store, clock: Clock, engine: Callable[[], Agents | None]) -> None:
        self._store = store
        self._clock = clock
        self._engine = engine
        self._dirty: dict[str, None] = {}
        self._wake = asyncio.Event()
        self.log = structlog.get_logger("agents")

    def told(self, fact: Fact, now: float) -> None:
        """Note who changed."""
        del now
        if isinstance(fact, AgentChanged):
            self._dirty[fact.agent] = None
            self._wake.set()
            self.log.info("agent", agent=fact.agent, old=fact.old.value, new=fact.new.value, reason=fact.reason, seconds_in_old=round(fact.seconds_in_old, 3))

    async def run(self) -> None:
        """Write behind until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write every agent who changed. What a dead store does not take is written at that agent's next change."""
        while self._dirty:
            engine = self._engine()  # anew each time: agents change while another one is written
            if engine is None:
                return
            name = next(iter(self._dirty))
            del self._dirty[name]
            agent = engine.agent(name, self._clock.now())
            if agent is None:
                continue
            try:
                await self._store.put(Namespace.AGENTS, name, self._to_json(agent))
            except StoreDown as error:
                self.log.warning("store_down", reason=str(error))
                return

    def _to_json(self, agent: AgentSnapshot) -> Json:
        return {
            "state": agent.state.value, "reason": agent.reason, "since_ms": self._clock.to_wall_ms(agent.since),
            "until_ms": None if agent.until is None else self._clock.to_wall_ms(agent.until), "misses": agent.misses,
        }

    async def load(self) -> list[AgentAdopted]:
        """What the store knows of the agents; nothing if it is down. A state of a call becomes READY: the call itself is
        found in Asterisk, or is over."""
        try:
            items = await self._store.items(Namespace.AGENTS)
        except StoreDown as error:
            self.log.warning("store_down", reason=str(error))
            return []
        return [adopted for name, value in items.items() if (adopted := self._from_json(name, value)) is not None]

    def _from_json(self, name: str, value: Json) -> AgentAdopted | None:
        if not isinstance(value, dict) or value.get("state") not in {state.value for state in AgentState}:
            return None
        state = AgentState(value["state"])
        if state not in _LASTING and state is not AgentState.LOGGED_OUT:
            return AgentAdopted(name, AgentState.READY)
        since_ms, until_ms, misses = value.get("since_ms"), value.get("until_ms"), value.get("misses")
        since = self._clock.to_monotonic(since_ms) if isinstance(since_ms, int) else None
        until = None
        if isinstance(until_ms, int):
            until = self._clock.now() + (until_ms - self._clock.wall_ms()) / 1000
        return AgentAdopted(name, state, str(value.get("reason") or ""), since, until, misses if isinstance(misses, int) else 0)
