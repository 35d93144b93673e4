"""Reads a list of channels and says who is who. Pure: the rows and what is known go in, a plan comes out.

Channels are classified by our own variables and by the bridge they are in, never by context or application alone: a
ringing leg shows its endpoint's context, and a talking caller still shows `BridgeWait`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cti.ami.messages import ChannelRow
from cti.callbacks.promise import is_callback
from cti.calls.state import ChannelPhase, ChannelState, decode_state
from cti.legs import Leg, LegPhase

TALK_PREFIX = "talk-"
_HOLD_CONTEXTS = frozenset({"hotline-hold", "hotline-default"})
_OUTSIDE_PHASES = frozenset({ChannelPhase.DIAL, ChannelPhase.TALK})
ENTRY_CONTEXT = "hotline-in"
FALLBACK_CONTEXT = "hotline-fallback"


@dataclass(frozen=True, slots=True)
class FoundCaller:
    """A caller on a channel of ours.

    `in_hold`: the dialplan holds him; `strayed`: he should be held but is not (moved there now); `talking` the leg he
    talks with; `served`: the offer of a talk that has ended meanwhile, with the agent `served_by`; `fallback`: the dialplan took him over;
    `outside`: the dialplan calls somebody for him, or he talks there, or talks with whom his agent (`served_by`) has led him to.
    """

    row: ChannelRow
    state: ChannelState
    in_hold: bool = False
    strayed: bool = False
    fallback: bool = False
    talking: Leg | None = None
    served: str = ""
    served_by: str = ""
    outside: bool = False

    @property
    def call(self) -> str:
        """The call id."""
        return self.row.nonce


@dataclass(slots=True)
class Findings:
    """Everything of ours in one list of channels. `orphans` are legs nobody waits for; `busy` is left alone."""

    callers: list[FoundCaller] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    orphans: list[ChannelRow] = field(default_factory=list)


def read_channels(rows: Sequence[ChannelRow]) -> Findings:
    """Classify the rows. Callers whom the fallback serves right now (ringing, talking, recording) are left out."""
    callers = {row.nonce: row for row in rows if row.nonce.startswith("c")}
    findings = Findings()
    talking: dict[str, Leg] = {}
    for row in rows:
        if not row.nonce.startswith("o"):
            continue
        leg = _read_leg(row, callers)
        if leg is None:
            findings.orphans.append(row)
            continue
        findings.legs.append(leg)
        if leg.phase is LegPhase.TALKING and not leg.callback:
            talking[leg.call] = leg
    connecting = {TALK_PREFIX + leg.offer for leg in findings.legs if leg.phase is LegPhase.ANSWERED}
    others = {row.bridge for row in rows if row.bridge and not row.nonce.startswith("c")}
    for row in callers.values():
        found = _read_caller(row, talking.get(row.nonce), connecting, led_on=row.bridge in others)
        if found is not None:
            findings.callers.append(found)
    return findings


def read_ticket(text: str) -> tuple[str, str]:
    """A caller's ACD_OFFER: the round of offers, or TALK_PREFIX and the offer; and the agent once a gate let him through."""
    ticket, _, agent = text.partition(":")
    return ticket, agent


def agent_of(row: ChannelRow) -> str:
    """Whose phone a leg's channel rings; "" if it does not say."""
    return decode_state(row.variables.get("ACD_STATE", "")).extra.partition(":")[0]


def _read_leg(row: ChannelRow, callers: dict[str, ChannelRow]) -> Leg | None:
    """The leg of a row, or None for one whose caller is gone or waits with another ticket."""
    state = decode_state(row.variables.get("ACD_STATE", ""))
    agent, _, rest = state.extra.partition(":")
    call, _, round_id = rest.partition(":")
    if is_callback(call):
        return _read_callback_leg(row, state, agent, call)
    caller = callers.get(call)
    offer = row.variables.get("ACD_OFFER", "")
    if caller is None or not offer:
        return None
    ticket, _ = read_ticket(caller.variables.get("ACD_OFFER", ""))
    joined = bool(row.bridge) and row.bridge == caller.bridge
    if not joined and ticket not in (round_id or offer, TALK_PREFIX + offer):
        return None
    phase = LegPhase.TALKING if joined else LegPhase.ANSWERED if row.state == "Up" else LegPhase.RINGING
    return Leg(
        offer=offer, call=call, agent=agent, queue=state.queue, nonce=row.nonce, channel_id=row.uniqueid, caller_channel=caller.channel,
        phase=phase, channel=row.channel, rang=True, seen=True, bridge=row.bridge, round=round_id,
    )


def _read_callback_leg(row: ChannelRow, state: ChannelState, agent: str, callback: str) -> Leg:
    """The leg of a callback is in no bridge before it talks with its customer; whether anything is promised to him, the desk knows."""
    phase = LegPhase.TALKING if row.bridge else LegPhase.ANSWERED if row.state == "Up" else LegPhase.RINGING
    return Leg(
        offer=row.variables.get("ACD_OFFER", ""), call=callback, agent=agent, queue=state.queue, nonce=row.nonce, channel_id=row.uniqueid,
        caller_channel="", phase=phase, channel=row.channel, rang=True, seen=True, bridge=row.bridge, callback=True,
    )


def _read_caller(row: ChannelRow, leg: Leg | None, connecting: set[str], *, led_on: bool) -> FoundCaller | None:
    """`led_on`: somebody who is neither a caller nor an agent's leg of his is in the caller's bridge."""
    state = decode_state(row.variables.get("ACD_STATE", ""))
    ticket, agent = read_ticket(row.variables.get("ACD_OFFER", ""))
    served = ticket.removeprefix(TALK_PREFIX) if ticket.startswith(TALK_PREFIX) else ""
    if leg is not None:
        return FoundCaller(row, state, talking=leg)
    if state.phase is ChannelPhase.FALLBACK:
        return _read_fallback(row, state)
    if state.phase in _OUTSIDE_PHASES and row.context != ENTRY_CONTEXT:
        return FoundCaller(row, state, outside=True, served=served, served_by=agent if served else "")
    # between the gate and the bridge he has the ticket of a talk, and is still in the waiting room
    if served and not (row.bridge and ticket in connecting):
        return FoundCaller(row, state, served=served, served_by=agent, outside=led_on)
    if state.phase is ChannelPhase.HOLD:
        held = row.context in _HOLD_CONTEXTS
        return FoundCaller(row, state, in_hold=True, strayed=not held)
    return FoundCaller(row, state)


def _read_fallback(row: ChannelRow, state: ChannelState) -> FoundCaller | None:
    """Take back who still waits; leave alone who talks to an agent or speaks his message."""
    waits = row.context == FALLBACK_CONTEXT and row.application in ("Queue", "Playback") and not row.bridge
    if not waits:
        return None
    if state.queue:
        return FoundCaller(row, state, in_hold=True, strayed=True, fallback=True)
    return FoundCaller(row, state, fallback=True)
