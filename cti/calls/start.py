"""How a call's task begins: with a fresh call, or with one found on its channel."""

from dataclasses import dataclass
from typing import Any

from cti.calls.state import ChannelState

#: More saves than a session which the store did not show can be ahead of what its channel says.
UNSEEN_SAVES = 1000


@dataclass(frozen=True, slots=True)
class Start:
    """How a call begins: a fresh one, or one found on its channel with what was known of it.

    `state` is what the channel says; `session` the stored one with its `generation`, None if there is none.
    `entered_at` monotonic, for a caller who waits or waited; `talking` = (offer, agent) for one in a talk; `in_hold` for one
    whom the dialplan holds and whom the router has been told of; `served` = the offer of a talk that ended meanwhile, with the agent `served_by`; `outside` for one
    for whom somebody outside is called, or who talks there; `up_seconds` = the age of the channel.
    """

    call: str
    channel: str
    caller: str
    called: str
    state: ChannelState
    adopted: bool = False
    session: dict[str, Any] | None = None
    generation: int = 0
    entered_at: float | None = None
    talking: tuple[str, str] | None = None
    in_hold: bool = False
    served: str = ""
    served_by: str = ""
    outside: bool = False
    up_seconds: float = 0.0

    @property
    def first_generation(self) -> int:
        """Where to count on from, so that the store takes the next save: the channel knows the generation of its phase only."""
        if self.adopted and self.session is None:
            return self.state.generation + UNSEEN_SAVES
        return max(self.state.generation, self.generation)
