"""AMI events as typed messages. Past this file there are no headers.

Every event of a channel of ours carries the call id (`ACD_CALL`) as its nonce, because the first dialplan line sets it
and manager.conf lists it in `channelvars`. An event without it is either about a channel that is not ours, or forged:
a caller can write complete events into the stream by a crafted SIP From (seen on 22.10.1).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from cti.ami.frames import Frame


@dataclass(frozen=True, slots=True)
class ChannelEvent:
    """What all channel events share: `channel` full name, `uniqueid`, `nonce` = ACD_CALL as the channel carries it
    ("" if absent), `variables` the listed channel variables."""

    channel: str
    uniqueid: str
    nonce: str
    variables: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AgiStarted(ChannelEvent):
    """The channel waits for AGI commands. `caller_number`, `called_number` as the dialplan left them; `context`."""

    caller_number: str
    called_number: str
    context: str
    language: str


@dataclass(frozen=True, slots=True)
class AgiExecuted(ChannelEvent):
    """A command of ours is done: `result` is the number after `result=` (-1 is failure or hang-up), `data` in brackets."""

    command_id: str
    result: int
    data: str


@dataclass(frozen=True, slots=True)
class AgiEnded(ChannelEvent):
    """The channel left AsyncAGI; that is not a hang-up."""


@dataclass(frozen=True, slots=True)
class DigitReceived(ChannelEvent):
    """The caller pressed and released a key. The digit stays out of the representation: it may be part of a PIN."""

    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class VariableSet(ChannelEvent):
    """One of our own variables changed."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ChannelRinging(ChannelEvent):
    """The phone rings."""


@dataclass(frozen=True, slots=True)
class ChannelUp(ChannelEvent):
    """The channel was answered."""


@dataclass(frozen=True, slots=True)
class BridgeEntered(ChannelEvent):
    """The channel joined a bridge; `holding` tells a waiting room from a talk."""

    bridge: str
    holding: bool


@dataclass(frozen=True, slots=True)
class BridgeLeft(ChannelEvent):
    """The channel left a bridge."""

    bridge: str
    holding: bool


@dataclass(frozen=True, slots=True)
class ChannelHungUp(ChannelEvent):
    """The channel is gone. `cause` is the Q.850 number."""

    cause: int


@dataclass(frozen=True, slots=True)
class OriginateFailed:
    """An Originate of ours came to nothing. Tells no reason worth reading: the Hangup of the leg does."""

    action_id: str


@dataclass(frozen=True, slots=True)
class Booted:
    """Login is complete. `uptime_seconds` of Asterisk tells a restart from a lost TCP connection."""

    uptime_seconds: int


@dataclass(frozen=True, slots=True)
class ShutDown:
    """Asterisk says goodbye."""


AmiEvent = ChannelEvent | OriginateFailed | Booted | ShutDown
Headers = Mapping[str, str]


def _number(text: str, default: int = 0) -> int:
    try:
        return int(text)
    except ValueError:
        return default


def _common(frame: Frame) -> tuple[str, str, str, Mapping[str, str]]:
    headers = frame.headers
    return headers.get("Channel", ""), headers.get("Uniqueid", ""), frame.variables.get("ACD_CALL", ""), frame.variables


def _agi_environment(encoded: str) -> dict[str, str]:
    lines = unquote(encoded).split("\n")
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def _agi_started(frame: Frame) -> AmiEvent:
    environment = _agi_environment(frame.headers.get("Env", ""))
    headers = frame.headers
    return AgiStarted(
        *_common(frame), caller_number=headers.get("CallerIDNum", ""), called_number=environment.get("agi_dnid", ""),
        context=headers.get("Context", ""), language=headers.get("Language", ""),
    )


def parse_agi_result(encoded: str) -> tuple[int, str]:
    """`200 result=1 (text)`, percent-encoded, to (1, "text"). Anything else gives (-1, "")."""
    text = unquote(encoded).strip()
    code, _, rest = text.partition(" ")
    if code != "200" or not rest.startswith("result="):
        return -1, ""
    number, _, data = rest[7:].partition(" ")
    return _number(number, -1), data.removeprefix("(").removesuffix(")")


def _agi_executed(frame: Frame) -> AmiEvent:
    result, data = parse_agi_result(frame.headers.get("Result", ""))
    return AgiExecuted(*_common(frame), command_id=frame.headers.get("CommandId", ""), result=result, data=data)


def _new_state(frame: Frame) -> AmiEvent | None:
    state = frame.headers.get("ChannelStateDesc")
    if state == "Ringing":
        return ChannelRinging(*_common(frame))
    return ChannelUp(*_common(frame)) if state == "Up" else None


def _variable_set(frame: Frame) -> AmiEvent | None:
    name = frame.headers.get("Variable", "")
    if not name.startswith("ACD_"):
        return None
    return VariableSet(*_common(frame), name=name, value=frame.headers.get("Value", ""))


def _bridge(kind: "type[BridgeEntered | BridgeLeft]") -> Callable[[Frame], AmiEvent]:
    def build(frame: Frame) -> AmiEvent:
        holding = frame.headers.get("BridgeTechnology") == "holding_bridge"
        return kind(*_common(frame), bridge=frame.headers.get("BridgeUniqueid", ""), holding=holding)

    return build


def _originate_response(frame: Frame) -> AmiEvent | None:
    if frame.headers.get("Response") != "Failure":
        return None
    return OriginateFailed(frame.headers.get("ActionID", ""))


_BUILDERS: dict[str, Callable[[Frame], AmiEvent | None]] = {
    "AsyncAGIStart": _agi_started,
    "AsyncAGIExec": _agi_executed,
    "AsyncAGIEnd": lambda frame: AgiEnded(*_common(frame)),
    "DTMFEnd": lambda frame: DigitReceived(*_common(frame), digit=frame.headers.get("Digit", "")) if frame.headers.get("Direction") == "Received" else None,
    "Newstate": _new_state,
    "VarSet": _variable_set,
    "BridgeEnter": _bridge(BridgeEntered),
    "BridgeLeave": _bridge(BridgeLeft),
    "Hangup": lambda frame: ChannelHungUp(*_common(frame), cause=_number(frame.headers.get("Cause", ""))),
    "OriginateResponse": _originate_response,
    "FullyBooted": lambda frame: Booted(_number(frame.headers.get("Uptime", ""))),
    "Shutdown": lambda _frame: ShutDown(),
}
#: The events worth parsing; manager.conf filters the rest out at the source.
EVENT_NAMES = frozenset(_BUILDERS)


def parse_event(frame: Frame) -> AmiEvent | None:
    """The typed event of a frame, or None for one that says nothing to us."""
    builder = _BUILDERS.get(frame.headers.get("Event", ""))
    return builder(frame) if builder else None


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One channel as `CoreShowChannels` shows it; its values are escaped by Asterisk, so nobody can forge a row.

    `state` is Asterisk's word (Up, Ringing …), `bridge` "" outside bridges, `variables` the listed channel variables.
    """

    channel: str
    uniqueid: str
    state: str
    context: str
    extension: str
    application: str
    application_data: str
    bridge: str
    duration_seconds: int
    caller_number: str
    variables: Mapping[str, str]

    @property
    def nonce(self) -> str:
        """ACD_CALL of the channel, "" if it is not ours."""
        return self.variables.get("ACD_CALL", "")


def _clock_seconds(text: str) -> int:
    hours, _, rest = text.partition(":")
    minutes, _, seconds = rest.partition(":")
    return _number(hours) * 3600 + _number(minutes) * 60 + _number(seconds)


def parse_channel_row(frame: Frame) -> ChannelRow:
    """A `CoreShowChannel` row."""
    headers = frame.headers
    return ChannelRow(
        channel=headers.get("Channel", ""), uniqueid=headers.get("Uniqueid", ""), state=headers.get("ChannelStateDesc", ""),
        context=headers.get("Context", ""), extension=headers.get("Exten", ""), application=headers.get("Application", ""),
        application_data=headers.get("ApplicationData", ""), bridge=headers.get("BridgeId", ""),
        duration_seconds=_clock_seconds(headers.get("Duration", "")), caller_number=headers.get("CallerIDNum", ""),
        variables=frame.variables,
    )
