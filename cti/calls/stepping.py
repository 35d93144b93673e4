"""Walks a call's flow: its first step, fresh or where its stored session says, and each further one.

A caller who was found waiting or put through though his session is lost is left there; he starts over when he is back,
unless he has had his talk.
"""

from dataclasses import replace

from cti.calls.caller import Caller, Place
from cti.calls.leading import Leading
from cti.calls.outside import Outside
from cti.calls.start import Start
from cti.calls.waiting import Waiting
from ivr.commands import Hangup
from ivr.events import DialEnded, DialOutcome, Event, QueueLeft, QueueOutcome
from ivr.state import Awaiting, CallInfo, Ended, Step

#: What a stored session must wait for, to fit where its caller is.
_AWAITED = {
    Place.LINE: frozenset(Awaiting), Place.HOLD: frozenset({Awaiting.QUEUE}), Place.TALK: frozenset({Awaiting.QUEUE}),
    Place.OUTSIDE: frozenset({Awaiting.DIAL, Awaiting.QUEUE}),
}  # fmt: skip


class Stepper:
    """See the module."""

    def __init__(self, caller: Caller, start: Start, waiting: Waiting, outside: Outside, leading: Leading) -> None:
        self._caller = caller
        self._start = start
        self._waiting = waiting
        self._outside = outside
        self._leading = leading
        self._clock = caller.services.clock
        self._interpreter = caller.services.flows.for_new_call(start.call)

    @property
    def version(self) -> str:
        """The version of the flows that the call walks."""
        return self._interpreter.version

    async def choose_version(self) -> None:
        """A call ends on the version it began with."""
        session = self._start.session
        if session is not None:
            self._interpreter = await self._caller.services.flows.of_version(str(session.get("version", "")))

    async def first(self) -> Step:
        """Where the call goes on, or begins. Raises AmiError."""
        restored = await self._restored()
        return self._from_the_entry() if restored is None else restored

    def next(self, step: Step, event: Event) -> Step:
        """Go on after an event."""
        now, civil = self._clock.now(), self._clock.civil()
        if step.awaiting is Awaiting.QUEUE and self._waiting.without_session:
            had_talk, reason = isinstance(event, QueueLeft) and event.outcome is QueueOutcome.SERVED, "served"
        elif step.awaiting is Awaiting.DIAL and self._outside.without_session:
            had_talk, reason = isinstance(event, DialEnded) and event.outcome is DialOutcome.ANSWERED, "put through"
        else:
            return self._interpreter.resume(step.session, event, now, civil)
        if had_talk:
            return replace(step, commands=(Hangup(),), awaiting=Awaiting.NONE, deadline=None, trace=(), ended=Ended("completed", reason))
        return self._interpreter.start(step.session.call, now, civil)

    def _from_the_entry(self) -> Step:
        start = self._start
        info = CallInfo(start.call, start.caller, start.called, start.state.language or None)
        step = self._interpreter.start(info, self._clock.now(), self._clock.civil())
        if self._caller.place is Place.OUTSIDE:
            return replace(step, commands=(self._outside.go_on(),), awaiting=Awaiting.DIAL, deadline=None)
        if self._caller.place is not Place.LINE:
            return replace(step, commands=(self._waiting.wait_on(start),), awaiting=Awaiting.QUEUE, deadline=None)
        return step

    async def _restored(self) -> Step | None:
        """The step of the stored session, or None if there is no session that fits where he is."""
        start = self._start
        if start.session is None:
            return None
        now, civil = self._clock.now(), self._clock.civil()
        step = self._interpreter.restore(start.session, now, civil)
        if start.served and step.awaiting is Awaiting.QUEUE and step.session.token is not None:
            await self._leading.found()
            return step
        if self._caller.place is Place.LINE and step.awaiting is Awaiting.DIAL:
            ended = await self._outside.found(step.session.token)
            return step if ended is None else self._interpreter.resume(step.session, ended, now, civil)
        return step if step.awaiting in _AWAITED[self._caller.place] else None
