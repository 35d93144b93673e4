"""The talk of a colleague to whom a caller was led: the router is told once when it begins and once when it ends."""

from cti.calls.caller import Caller


class Colleague:
    """See the module. `name` is whom the caller is led to, "" for somebody who is no agent."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._talk = ""
        self.name = ""

    def talks(self, offer: str) -> None:
        """He has the caller now, whose talk was of this offer before."""
        if self.name and not self._talk:
            self._talk, state = f"{offer}-led", self._caller.state
            self._caller.services.queue.taken_over(self._talk, call=self._caller.call, agent=self.name, queue=state.queue, tier=state.tier)

    def is_done(self) -> None:
        """He has the caller no more."""
        if self._talk:
            self._caller.services.queue.take_over_ended(self._talk)
        self._talk = self.name = ""
