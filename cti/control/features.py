"""Agents' feature codes: *45 log in and out, *46 pause and ready, *47 how many wait.

Who dials is asked of the channel by a solicited read (`CHANNEL(endpoint)`), never taken from an event: events can be
forged, and a caller id is only what a phone says.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

from acd.agents import PHONE_PAUSE
from acd.events import AgentLoggedIn, AgentLoggedOut, AgentPaused, AgentReadied, Event
from acd.snapshot import AgentSnapshot, Snapshot
from acd.states import AgentState
from cti.ami.errors import AmiError, OwnershipLost
from cti.ami.messages import AgiEnded, AgiExecuted, AgiStarted, ChannelEvent, ChannelHungUp
from cti.ami.switch import Switch
from cti.calls.line import Line, LineGone
from ivr.texts import LANGUAGES

LOGIN_CODE, PAUSE_CODE, WAITING_CODE = "*45", "*46", "*47"


class FeatureDesk:
    """One short task per feature call.

    Args:
        agents_by_device: agent names by device, as in PJSIP/agent01, at present.
        snapshot: the engine as it stands.
        phrase: prompt ids of a phrase, with a number to speak after it or None.

    """

    def __init__(
        self, switch: Switch, tasks: asyncio.TaskGroup, agents_by_device: Callable[[], Mapping[str, str]], tell: Callable[[Event], None],
        snapshot: Callable[[], Snapshot], phrase: Callable[[str, str, int | None], Sequence[str]], duration: Callable[[Sequence[str], str], float],
    ) -> None:
        self._switch = switch
        self._tasks = tasks
        self._agents = agents_by_device
        self._tell = tell
        self._snapshot = snapshot
        self._phrase = phrase
        self._duration = duration
        self._lines: dict[str, Line] = {}
        self.log = structlog.get_logger("features")

    def started(self, event: AgiStarted) -> None:
        """A feature call came in."""
        if event.nonce in self._lines:
            self._lines[event.nonce].agi_started()
            return
        line = Line(self._switch, event.nonce, event.channel, self._duration)
        self._lines[event.nonce] = line
        line.agi_started()
        self._tasks.create_task(self._serve(event, line), name=f"feature {event.called_number}")

    def event(self, event: ChannelEvent) -> bool:
        """Take an event of a feature call's channel; false if it is not one."""
        line = self._lines.get(event.nonce) if event.nonce else None
        if line is None or line.channel != event.channel:
            return False
        match event:
            case AgiExecuted():
                line.agi_executed(event)
            case AgiEnded():
                line.agi_ended()
            case ChannelHungUp():
                line.hung_up()
        return True

    async def _serve(self, event: AgiStarted, line: Line) -> None:
        try:
            await line.enter()
            endpoint = await self._switch.get_variable(line.channel, "CHANNEL(endpoint)")
            agent = self._agents().get(f"PJSIP/{endpoint}")
            phrase, number = self._act(agent, event.called_number)
            language = event.language if event.language in LANGUAGES else LANGUAGES[0]
            await line.play(self._phrase(phrase, language, number), language, barge_in=False)
            await line.end()
        except (LineGone, AmiError) as error:
            self.log.info("feature_call_ended", reason=str(error))
        except OwnershipLost:
            raise
        except Exception:  # one phone's fault ends no attachment
            self.log.exception("feature_call_failed")
        finally:
            self._lines.pop(event.nonce, None)

    def _act(self, agent: str | None, code: str) -> tuple[str, int | None]:
        """Do what the code asks; the phrase that says so, with a number where one belongs."""
        snapshot = self._snapshot()
        if agent is None or agent not in snapshot.agents:
            self.log.warning("feature_unknown_agent", code=code)
            return "agent-unknown", None
        now = snapshot.agents[agent]
        self.log.info("feature", agent=agent, code=code, state=now.state.value)
        if code == LOGIN_CODE:
            return self._toggle_login(now)
        if code == PAUSE_CODE:
            return self._toggle_pause(now)
        return "agent-waiting", sum(snapshot.queues[name].waiting for name in snapshot.queues)

    def _toggle_login(self, agent: AgentSnapshot) -> tuple[str, int | None]:
        if agent.state is AgentState.LOGGED_OUT:
            self._tell(AgentLoggedIn(agent.name))
            return "agent-logged-in", None
        self._tell(AgentLoggedOut(agent.name))
        return "agent-logged-out", None

    def _toggle_pause(self, agent: AgentSnapshot) -> tuple[str, int | None]:
        if agent.state in (AgentState.PAUSED, AgentState.WRAP_UP):
            self._tell(AgentReadied(agent.name))
            return "agent-ready", None
        self._tell(AgentPaused(agent.name, PHONE_PAUSE))
        return "agent-paused", None
