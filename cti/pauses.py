"""Pauses that last longer than their reason allows are logged, once each; the API and the metrics show them as well."""

import asyncio
from collections.abc import Callable

import structlog

from acd.facts import AgentChanged, Fact
from acd.states import AgentState
from cti.agents import Agents
from cti.clock import Clock

LOOK_SECONDS = 5.0


class PauseWatch:
    """A FactSink that remembers who is paused, and looks at them now and then.

    Args: the clock; the engine, None while there is no attachment.
    """

    def __init__(self, clock: Clock, engine: Callable[[], Agents | None]) -> None:
        self._clock = clock
        self._engine = engine
        self._warned: dict[str, bool] = {}  # the paused agents, and whether his pause was logged
        self.log = structlog.get_logger("agents")

    def told(self, fact: Fact, now: float) -> None:
        """Note who pauses; a new reason begins a new pause."""
        del now
        if isinstance(fact, AgentChanged):
            self._warned.pop(fact.agent, None)
            if fact.new is AgentState.PAUSED:
                self._warned[fact.agent] = False

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Log every pause that has become too long."""
        engine = self._engine()
        for name in [] if engine is None else [name for name, warned in self._warned.items() if not warned]:
            agent = engine.agent(name, self._clock.now()) if engine is not None else None
            if agent is not None and agent.over_limit:
                self._warned[name] = True
                self.log.warning("pause_over_limit", agent=name, reason=agent.reason, paused_seconds=round(agent.seconds_in_state))
