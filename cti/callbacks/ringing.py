"""Making a callback: the agent's leg, and what its dialplan needs to dial the customer without us."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from acd.commands import OfferCallback
from acd.events import TalkAdopted
from cti.calls.state import ChannelPhase, ChannelState
from cti.legs import Leg

CALLBACK_CONTEXT = "hotline-callback"
#: Where an agent's phone may forward our calls (302): no number is in it.
NOWHERE_CONTEXT = "hotline-nowhere"


@dataclass(frozen=True, slots=True)
class Way:
    """How a customer is dialled: the dialplan's order, and his language."""

    order: str
    language: str


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the customer hears who answers: prompts that say who calls, and those that ask for the key by which he takes the
    call (none: he is joined at once, and so is a machine that answers)."""

    hello: Sequence[str]
    press: Sequence[str]


class Callbacks(Protocol):
    """The desk, as the router sees it."""

    def identity(self, number: str) -> str:
        """The one form of a caller's number, "" for what is none."""

    def way_to(self, callback: str, ring_seconds: float) -> Way | None:
        """How to dial the customer; None if he may not be dialled."""

    def dialled(self, offer: str) -> bool:
        """Whether this offer of an earlier server had begun to dial its customer."""

    def talk_found(self, leg: Leg) -> TalkAdopted:
        """What to tell the engine of a talk with a customer that was found in Asterisk."""


def callback_leg(command: OfferCallback, nonce: str, channel_id: str) -> Leg:
    """The leg of the agent who is to call a customer back."""
    return Leg(
        offer=command.offer, call=command.call, agent=command.agent, queue=command.queue, nonce=nonce, channel_id=channel_id,
        caller_channel="", callback=True,
    )  # fmt: skip


def callback_variables(command: OfferCallback, leg: Leg, way: Way, owner: str, whisper: Sequence[str], greeting: Greeting) -> dict[str, str]:
    """What the leg's channel carries: who it is, the gate's owner, and the order to dial."""
    state = ChannelState(ChannelPhase.LEG, command.queue, command.tier, language=way.language, extra=f"{command.agent}:{command.call}")
    hello, press = (_files(prompts) for prompts in (greeting.hello, greeting.press))
    return {
        "ACD_CALL": leg.nonce, "ACD_OFFER": command.offer, "ACD_STATE": state.encode(), "ACD_LEG_OWNER": owner, "ACD_LEG_OFFER": command.offer,
        "ACD_LEG_CALL": command.call, "ACD_LEG_AGENT": command.agent, "ACD_WHISPER": _files(whisper), "OUT_ORDER": way.order,
        "OUT_SAY": f"{way.language}:{hello}:{press}", "FORWARD_CONTEXT": NOWHERE_CONTEXT,
    }  # fmt: skip


def _files(prompts: Sequence[str]) -> str:
    return "&".join("hotline/" + prompt for prompt in prompts)
