"""What a call's task needs from the rest of the server, as narrow protocols: the router, the records, the metrics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from acd.config import Agent
from cti.ami.switch import Switch
from cti.backends.base import Backend
from cti.calls.sessions import SessionKeeper
from cti.clock import Clock
from cti.dialing import Dialing
from cti.leading import Target, Transferred
from ivr.events import DialOutcome
from ivr.session import Interpreter
from ivr.state import Trace


@dataclass(frozen=True, slots=True)
class QueueRequest:
    """A caller who is ready to wait: `entered_at` is the monotonic time of his entry, `fresh` when it is his first and not
    one that he keeps; `first` puts him before all others of his line (his agent's leg died, or led him there)."""

    call: str
    queue: str
    tier: str
    needs: tuple[tuple[str, int], ...]
    entered_at: float
    sequence: int
    first: bool = False
    fresh: bool = True
    customer: Mapping[str, object] = field(default_factory=dict)


class QueuePort(Protocol):
    """The router, as a call sees it. None of these waits."""

    def join(self, request: QueueRequest) -> None:
        """The caller is in hold now."""

    def recognise(self, call: str, customer: Mapping[str, object]) -> None:
        """What is known of a caller who was found in hold."""

    def ask_to_leave(self, call: str, reason: str) -> None:
        """The caller pressed a key: `menu` or `voicemail`. The answer is `Call.released`, unless a talk wins."""

    def hung_up(self, call: str) -> None:
        """The caller is gone."""

    def colleague_at(self, channel: str) -> Agent | None:
        """Whose phone this channel is; None if it is no agent's."""

    def taken_over(self, talk: str, *, call: str, agent: str, queue: str, tier: str) -> None:
        """A colleague talks now with the caller, who came from this queue; `talk` is an id of the talk."""

    def take_over_ended(self, talk: str) -> None:
        """That talk is over."""


class FlowPort(Protocol):
    """The versions of the flows: a call ends on the one it began with."""

    def for_new_call(self, call: str) -> Interpreter:
        """The version a new call begins with."""

    async def of_version(self, version: str) -> Interpreter:
        """The version a call began with; the present one when it is known nowhere any more."""


class RecordPort(Protocol):
    """Who keeps the records of calls. None of these waits or fails."""

    def began(
        self, call: str, *, caller: str, called: str, channel: str, adopted: bool, up_seconds: float = 0.0, flow_version: str = "",
        agent: str = "", queue: str = "",
    ) -> None:
        """A call came in, or was found after it had been up for `up_seconds`; `agent` of `queue` has talked, or talks, with him."""

    def stepped(self, call: str, trace: Trace) -> None:
        """A flow step did something."""

    def knows(self, call: str, values: Mapping[str, Any]) -> None:
        """Account, tier, language, flow version … as they become known."""

    def replied(self, call: str, operation: str, arguments: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        """A backend answered; secret arguments are still wrapped."""

    def dialling(self, call: str, *, rule: str) -> None:
        """A number outside is being dialled for the caller, as this rule allows."""

    def dialled(self, call: str, *, rule: str, outcome: DialOutcome, talk_seconds: float) -> None:
        """A number outside was dialled for the caller, or might not be (`rule` is empty then)."""

    def led(self, call: str, *, agent: str, to: str, attended: bool) -> None:
        """His agent led him on to this number; after an attended transfer to a colleague's, else "": only the two phones know it."""

    def transferred(self, queue: str, outcome: Transferred, *, attended: bool) -> None:
        """What became of it; `queue` is the line he came from."""

    def talked_unseen(self, call: str, *, offer: str, agent: str, tier: str) -> None:
        """He was found after a talk that this offer led to; its end nobody saw, perhaps not its begin either."""

    def led_back(self, call: str) -> None:
        """He is back from the talk to which his agent had joined him."""

    def ended(self, call: str, *, cause: str, hangup_cause: int) -> None:
        """The call is over."""


@dataclass(frozen=True, slots=True)
class CallServices:
    """What every call shares.

    `backends` by name, `duration` seconds of prompts in a language, `spool` where recordings go,
    `holding_prompts` what a caller hears as he enters a line, by language, keys and tier; `away_seconds` says how long he keeps his age in the menu.
    `dialing` is what may be dialled, `leads` tells what a number means to which an agent leads his caller.
    """

    switch: Switch
    clock: Clock
    flows: FlowPort
    backends: Mapping[str, Backend]
    sessions: SessionKeeper
    queue: QueuePort
    records: RecordPort
    duration: Callable[[Sequence[str], str], float]
    spool: Path
    holding_prompts: Callable[[str, Mapping[str, str], str], Sequence[str]]
    default_queue: str
    away_seconds: Callable[[], float]
    dialing: Dialing
    leads: Callable[[str], Target | None]
