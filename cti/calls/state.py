"""What a channel says about its call (`ACD_STATE`), so that a restarted server can go on where the last one was.

Form: 1!phase!queue!tier!entry_ms!sequence!language!generation!extra, read and written by the dialplan too (fields 2, 4, 7, 8).
`extra` is, for a caller, the needs as skill:level+skill:level; for an agent's leg, agent:call, or agent:call:round for one that joins the round of another offer.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

FORM = "1"
_FIELDS = 9


class ChannelPhase(StrEnum):
    """Where the call stands. A talk with an agent is not a phase: the dialplan's gate writes it into ACD_OFFER."""

    NEW = "new"  #: the dialplan has just set it
    IVR = "ivr"
    HOLD = "hold"
    DIAL = "dial"  #: somebody outside is being called for him
    TALK = "talk"  #: he talks with somebody outside; written by the dialplan, as the next two are
    TALKED = "talked"  #: back from that talk
    DIALED = "dialed"  #: back without a talk
    FALLBACK = "fb"  #: written by the dialplan when no server answered
    LEG = "leg"  #: an agent's leg


@dataclass(frozen=True, slots=True)
class ChannelState:
    """`entry_ms` is the UTC millisecond at which the caller entered the line, 0 if he never did."""

    phase: ChannelPhase
    queue: str = ""
    tier: str = ""
    entry_ms: int = 0
    sequence: int = 0
    language: str = ""
    generation: int = 0
    extra: str = ""

    def encode(self) -> str:
        """The text for the channel variable."""
        fields = (FORM, self.phase.value, self.queue, self.tier, self.entry_ms, self.sequence, self.language, self.generation, self.extra)
        return "!".join(str(field) for field in fields)

    @property
    def needs(self) -> tuple[tuple[str, int], ...]:
        """The extra skills of a caller, from `extra`; a damaged one is left out."""
        pairs = (item.partition(":") for item in self.extra.split("+") if ":" in item)
        return tuple((skill, int(level)) for skill, _, level in pairs if level.isdecimal())

    def with_needs(self, needs: tuple[tuple[str, int], ...]) -> "ChannelState":
        """The same with these needs."""
        return replace(self, extra="+".join(f"{skill}:{level}" for skill, level in needs))


_PHASES = frozenset(phase.value for phase in ChannelPhase)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def decode_state(text: str) -> ChannelState:
    """The state of a channel. What cannot be read counts as a new call: the flow then starts at its entry."""
    fields = text.split("!")
    if len(fields) != _FIELDS or fields[0] != FORM or fields[1] not in _PHASES:
        return ChannelState(ChannelPhase.NEW)
    return ChannelState(
        ChannelPhase(fields[1]), fields[2], fields[3], _number(fields[4]), _number(fields[5]), fields[6], _number(fields[7]), fields[8]
    )
