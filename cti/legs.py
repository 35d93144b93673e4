"""Agents' legs: from an offer to a ringing phone, and from the phone's events back to what the engine wants to know.

Pure: events in, engine events out. OriginateResponse cannot tell why an offer failed; the Hangup of the leg can.
"""

from dataclasses import dataclass
from enum import Enum

from acd.events import (
    CallbackDialled,
    Event,
    OfferAnswered,
    OfferCause,
    OfferFailed,
    OfferRinging,
    TalkEnded,
    TalkStarted,
)
from cti.ami.messages import (
    BridgeEntered,
    ChannelEvent,
    ChannelHungUp,
    ChannelRinging,
    ChannelUp,
    VariableSet,
)
from cti.callbacks.attempts import reason_of

CAUSE_NORMAL = frozenset({0, 16})
CAUSE_BUSY = 17
CAUSE_NO_ANSWER = frozenset({18, 19})
CAUSE_REJECTED = 21


class LegPhase(Enum):
    """How far a leg has come."""

    SENT = "sent"
    RINGING = "ringing"
    ANSWERED = "answered"
    TALKING = "talking"


@dataclass(slots=True)
class Leg:
    """One offer's channel. `channel_id` is the Uniqueid we gave it, `nonce` its ACD_CALL, `caller_channel` whom it is for.

    `seen` turns true with the leg's first event; `cancelled` once we asked to hang it up; `lost` tells, after the end of
    a talk, that the agent's side died without a goodbye. A leg of a `callback` has no caller's channel: it dials the
    customer itself (`dialled`), and says how that went (`result`). Legs of agents who are rung together share a `round`,
    the ticket the gate asks for; empty on callbacks.
    """

    offer: str
    call: str
    agent: str
    queue: str
    nonce: str
    channel_id: str
    caller_channel: str
    phase: LegPhase = LegPhase.SENT
    channel: str = ""
    rang: bool = False
    seen: bool = False
    refused: bool = False
    cancelled: bool = False
    lost: bool = False
    bridge: str = ""
    callback: bool = False
    dialled: bool = False
    result: str = ""
    round: str = ""


class Legs:
    """All live legs, found by nonce (events), by offer (the engine) and by call (the caller's own events)."""

    def __init__(self) -> None:
        self._by_nonce: dict[str, Leg] = {}
        self._by_offer: dict[str, Leg] = {}

    def __len__(self) -> int:
        return len(self._by_nonce)

    def add(self, leg: Leg) -> None:
        """A leg was asked for, or found."""
        self._by_nonce[leg.nonce] = leg
        self._by_offer[leg.offer] = leg

    def of_offer(self, offer: str) -> Leg | None:
        """The leg of a live offer."""
        return self._by_offer.get(offer)

    def of_nonce(self, nonce: str) -> Leg | None:
        """The leg whose channel carries this nonce."""
        return self._by_nonce.get(nonce)

    def all(self) -> list[Leg]:
        """Every live leg."""
        return list(self._by_nonce.values())

    def drop(self, leg: Leg) -> None:
        """The leg is gone."""
        self._by_nonce.pop(leg.nonce, None)
        self._by_offer.pop(leg.offer, None)

    def handle(self, event: ChannelEvent, *, caller_remains: bool) -> list[Event]:
        """What an event of a leg's channel means to the engine. `caller_remains`: its caller is still on the line."""
        leg = self._by_nonce.get(event.nonce)
        if leg is None:
            return []
        leg.seen, leg.channel = True, event.channel
        match event:
            case ChannelRinging():
                return self._ringing(leg)
            case ChannelUp():
                return self._answered(leg)
            case VariableSet(name="ACD_REFUSED"):
                leg.refused = True
            case VariableSet(name="ACD_DIALLED") if leg.callback:
                return self._dialled(leg)
            case VariableSet(name="ACD_RESULT") if leg.callback:
                leg.result = event.value
            case BridgeEntered(holding=False):
                return self._talking(leg, event.bridge)
            case ChannelHungUp():
                self.drop(leg)
                return [self._ended(leg, event.cause, caller_remains=caller_remains)]
        return []

    def originate_failed(self, offer: str) -> list[Event]:
        """Asterisk could not make the leg. One that was seen ends by its own Hangup instead."""
        leg = self._by_offer.get(offer)
        if leg is None or leg.seen:
            return []
        self.drop(leg)
        return [OfferFailed(offer, OfferCause.CANCELLED if leg.cancelled else OfferCause.UNREACHABLE)]

    @staticmethod
    def _ringing(leg: Leg) -> list[Event]:
        leg.rang = True
        if leg.phase is not LegPhase.SENT:
            return []
        leg.phase = LegPhase.RINGING
        return [OfferRinging(leg.offer)]

    @staticmethod
    def _answered(leg: Leg) -> list[Event]:
        if leg.phase in (LegPhase.ANSWERED, LegPhase.TALKING):
            return []
        leg.phase = LegPhase.ANSWERED
        return [OfferAnswered(leg.offer)]

    @staticmethod
    def _dialled(leg: Leg) -> list[Event]:
        if leg.dialled:
            return []
        leg.dialled = True
        return [CallbackDialled(leg.offer)]

    @staticmethod
    def _talking(leg: Leg, bridge: str) -> list[Event]:
        if leg.phase is LegPhase.TALKING:
            return []
        leg.phase, leg.bridge = LegPhase.TALKING, bridge
        return [TalkStarted(leg.offer)]

    @staticmethod
    def _ended(leg: Leg, cause: int, *, caller_remains: bool) -> Event:
        if leg.phase is LegPhase.TALKING:
            leg.lost = cause not in CAUSE_NORMAL and caller_remains
            return TalkEnded(leg.offer, caller_remains=caller_remains)
        if leg.callback:
            return _callback_failed(leg, cause)
        return OfferFailed(leg.offer, _failure(leg, cause, caller_remains=caller_remains))


def _callback_failed(leg: Leg, cause: int) -> OfferFailed:
    """A customer who was dialled was not reached, unless the agent gave up first; before that it is the agent's matter alone."""
    if leg.dialled and not leg.cancelled:
        gave_up = leg.result == ""
        return OfferFailed(leg.offer, OfferCause.HUNG_UP if gave_up else OfferCause.NOT_REACHED, reason_of(leg.result))
    return OfferFailed(leg.offer, _failure(leg, cause, caller_remains=True))


def _failure(leg: Leg, cause: int, *, caller_remains: bool) -> OfferCause:
    if leg.cancelled:
        return OfferCause.CANCELLED
    if leg.phase is LegPhase.ANSWERED:
        if not leg.refused:
            return OfferCause.HUNG_UP
        return OfferCause.REFUSED if caller_remains else OfferCause.CALLER_GONE
    if cause == CAUSE_BUSY:
        return OfferCause.BUSY
    if cause == CAUSE_REJECTED:
        return OfferCause.REJECTED
    if leg.rang and (cause in CAUSE_NO_ANSWER or cause in CAUSE_NORMAL):
        return OfferCause.NO_ANSWER
    return OfferCause.UNREACHABLE
