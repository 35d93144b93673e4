"""A caller's place in the flows, as plain data that survives JSON, and what the interpreter hands back.

Secure digits (a PIN, or keys typed ahead that may become one) are kept in memory only: `Session.to_json` leaves them out, and a
session read back goes to the step that collects them again when it needs them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from ivr.commands import Command
from ivr.findings import Position
from ivr.secret import Secret

FORM = 1
"""Version of the JSON form of a session."""


class Awaiting(StrEnum):
    """What a session waits for. Digits are to be sent in every state."""

    INPUT = "input"
    PLAY = "play"
    BACKEND = "backend"
    RECORD = "record"
    QUEUE = "queue"
    DIAL = "dial"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CallInfo:
    """What is known of a call when it comes in. `language` is None until somebody chose one."""

    call: str
    caller_number: str = ""
    called_number: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a session ended: `completed` (by the flow), `abandoned` (by the caller), or `failed`, with a short reason."""

    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing a step did, for the log, the trail of the call and the metrics.

    `values` never hold a secure value. `place` is where the step is written: for one of a fragment, in the fragment's file.
    """

    flow: str
    step: str
    type: str
    at: float
    result: str
    values: Mapping[str, Any] = field(default_factory=dict)
    place: Position | None = None


@dataclass(slots=True)
class Frame:
    """One flow being walked. `secure` names the step that collected each secure variable."""

    flow: str
    step: str
    variables: dict[str, Any] = field(default_factory=dict)
    secure: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class Session:
    """Where a caller stands. Treat it as a value: the interpreter returns a new one each time.

    Copies, and the JSON, share what lies deeper than variables, visits and scratch: nobody may change a list or table within these in place.

    `frames` holds the entry flow first and the flow being walked last. `scratch` belongs to the step being done. `spent_seconds` is the
    time in the flow without queues and talks; `language_chosen` says that the caller (or what is known of him) decided; `seen_at` is the engine time of the last event. `deadline` and `token` belong to the wait.
    `quiet_waits` counts answers from outside since the caller last heard something or pressed a key.
    `swallow` is a needless finish key that may still come. `type_ahead` and `secure_digits` are keys not yet used; none of the three goes into the JSON.
    """

    call: CallInfo
    version: str
    language: str
    language_chosen: bool = False
    frames: list[Frame] = field(default_factory=list)
    visits: dict[str, int] = field(default_factory=dict)
    sequence: int = 0
    steps: int = 0
    awaiting: Awaiting = Awaiting.NONE
    token: str | None = None
    deadline: float | None = None
    scratch: dict[str, Any] = field(default_factory=dict)
    spent_seconds: float = 0.0
    seen_at: float | None = None
    safe_exit: bool = False
    gone: bool = False
    quiet_waits: int = 0
    ended: Ended | None = None
    swallow: str = ""
    swallow_until: float = 0.0
    type_ahead: str = field(default="", repr=False)
    secure_digits: str = field(default="", repr=False)

    @property
    def frame(self) -> Frame:
        """The flow being walked."""
        return self.frames[-1]

    def copy(self) -> Self:
        """Return a session of its own that holds the same."""
        twin = object.__new__(type(self))
        for name in _SLOTS:
            setattr(twin, name, getattr(self, name))
        twin.frames = [
            Frame(frame.flow, frame.step, dict(frame.variables), dict(frame.secure), dict(frame.secrets))
            for frame in self.frames
        ]
        twin.visits = dict(self.visits)
        twin.scratch = dict(self.scratch)
        return twin

    def to_json(self) -> dict[str, Any]:
        """Return the session as JSON-like data, without anything secure."""
        return {
            "form": FORM,
            "call": {
                "call": self.call.call,
                "caller_number": self.call.caller_number,
                "called_number": self.call.called_number,
                "language": self.call.language,
            },
            "version": self.version,
            "language": self.language,
            "language_chosen": self.language_chosen,
            "frames": [_frame_to_json(frame) for frame in self.frames],
            "visits": dict(self.visits),
            "sequence": self.sequence,
            "steps": self.steps,
            "awaiting": self.awaiting.value,
            "token": self.token,
            "deadline": self.deadline,
            "scratch": dict(self.scratch),
            "spent_seconds": self.spent_seconds,
            "seen_at": self.seen_at,
            "safe_exit": self.safe_exit,
            "gone": self.gone,
            "quiet_waits": self.quiet_waits,
            "ended": asdict(self.ended) if self.ended else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the session that `to_json` wrote.

        Raises:
            ValueError: the data is of another form, or damaged.

        """
        if not isinstance(data, Mapping) or data.get("form") != FORM:
            raise ValueError(f"no session of form {FORM}")
        try:
            session = cls(
                call=CallInfo(**data["call"]),
                version=data["version"],
                language=data["language"],
                language_chosen=data["language_chosen"],
                frames=[_frame_from_json(frame) for frame in data["frames"]],
                visits=_table(data["visits"]),
                sequence=data["sequence"],
                steps=data["steps"],
                awaiting=Awaiting(data["awaiting"]),
                token=data["token"],
                deadline=data["deadline"],
                scratch=_table(data["scratch"]),
                spent_seconds=data["spent_seconds"],
                seen_at=data["seen_at"],
                safe_exit=data["safe_exit"],
                gone=data["gone"],
                quiet_waits=int(data.get("quiet_waits", 0)),  # sessions of older servers have none
                ended=Ended(**data["ended"]) if data["ended"] else None,
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"a damaged session: {error!r}") from None
        if not _sound(session):
            raise ValueError("a damaged session: something is of another type")
        return session


@dataclass(frozen=True, slots=True)
class Step:
    """What to do now and what to wait for.

    Attributes:
        session: the new state; save its JSON before the commands are performed.
        commands: to be performed in order.
        awaiting: what will bring the next event.
        deadline: engine time in seconds at which `DeadlinePassed` is to be sent, or None.
        trace: what the steps did since the last wait.
        ended: set when the session is over; no event is wanted any more.
        secure: the digits pressed now are secret: no log of any layer may show them.

    """

    session: Session
    commands: tuple[Command, ...]
    awaiting: Awaiting
    deadline: float | None
    trace: tuple[Trace, ...]
    ended: Ended | None
    secure: bool = False


_SLOTS = tuple(each.name for each in fields(Session))


def _sound(session: Session) -> bool:
    """Return whether what was read has the types the interpreter relies on."""
    return (
        isinstance(session.sequence, int)
        and isinstance(session.steps, int)
        and isinstance(session.spent_seconds, (int, float))
        and isinstance(session.language, str)
        and isinstance(session.version, str)
        and set(map(type, session.visits.values())) <= {int}
        and all(map(_frame_is_sound, session.frames))
    )


def _frame_is_sound(frame: Frame) -> bool:
    return isinstance(frame.flow, str) and isinstance(frame.step, str)


def _frame_to_json(frame: Frame) -> dict[str, Any]:
    return {
        "flow": frame.flow,
        "step": frame.step,
        "variables": dict(frame.variables),
        "secure": dict(frame.secure),
    }


def _frame_from_json(data: Mapping[str, Any]) -> Frame:
    return Frame(data["flow"], data["step"], _table(data["variables"]), _table(data["secure"]))


def _table(value: Any) -> dict[str, Any]:
    """Return a table as one of its own; raises TypeError for anything else."""
    if not isinstance(value, dict):
        raise TypeError("no table")
    return dict(value)
