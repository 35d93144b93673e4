"""The interpreter: walks a caller through the flows, from one wait to the next, and does nothing itself."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ivr.budgets import STEPS_AFTER_BUDGET, count_silence, used_up
from ivr.commands import Hangup, SetLanguage
from ivr.events import CallerHungUp, DeadlinePassed, DigitPressed, Event
from ivr.expressions import ExpressionError
from ivr.flowset import FlowSet
from ivr.moves import RETURN, End, Enter, Fail, Go, Move, Wait
from ivr.run import Run, SecretLostError
from ivr.state import Awaiting, CallInfo, Ended, Frame, Session, Step, Trace
from ivr.steps.base import StepType, prompt_is_over
from ivr.texts import LANGUAGES, phrase_prompt

__all__ = ["Awaiting", "CallInfo", "Ended", "Frame", "Interpreter", "Session", "Step", "Trace"]

DEEPEST = 8
"""Flows that may be called within each other."""
KEYS = "0123456789*#"
_EARLY_SECONDS = 0.001
_NOWHERE = ""
"""The target after the last sentence to a caller whose safe exit led nowhere."""


class Interpreter:
    """Walks callers through one set of flows. It holds no state of any call.

    Args:
        flows: the checked flows.
        entry: the flow a call begins in.

    """

    def __init__(self, flows: FlowSet, entry: str = "main") -> None:
        self._flows = flows
        self._entry = entry

    @property
    def version(self) -> str:
        """The version of the flows this one walks."""
        return self._flows.version

    def start(self, call: CallInfo, now: float, civil: datetime) -> Step:
        """Begin a call.

        Args:
            call: what is known of it.
            now: engine time in seconds (monotonic).
            civil: the wall-clock time, with its zone.

        """
        language = call.language if call.language in LANGUAGES else None
        session = Session(
            call=call,
            version=self._flows.version,
            language=language or LANGUAGES[0],
            language_chosen=language is not None,
            seen_at=now,
        )
        run = Run(self._flows, session, now, civil)
        run.emit(SetLanguage(session.language))
        return self._finish(run, Enter(self._entry, {}, returning=True))

    def resume(self, session: Session, event: Event, now: float, civil: datetime, *, own: bool = False) -> Step:
        """Go on after an event.

        An event that does not fit (late, too early, of an unknown token) changes nothing: the same wait is returned without commands.

        Args:
            session: where the caller stands.
            event: what happened.
            now: engine time in seconds (monotonic).
            civil: the wall-clock time, with its zone.
            own: nobody else holds the session, so that it may be changed.

        """
        run = Run(self._flows, session if own else session.copy(), now, civil)
        self._count_time(run)
        if session.ended or not self._fits(run, event):
            return self._step(run)
        if isinstance(event, CallerHungUp):
            return self._hung_up(run)
        move = self._guarded(run, lambda: self._take(run, event))
        return self._finish(run, move, pressed=isinstance(event, DigitPressed))

    def restore(self, data: Mapping[str, Any], now: float, civil: datetime, last: str = "restart") -> Step:
        """Go on in another process with what `Session.to_json` wrote: the wait of the step is issued again.

        A prompt is played again, a backend call sent again with the same idempotency key, a queue joined again. Never raises for data
        that cannot be used: the call then begins again at its entry, in the caller's language when that can be read.

        Args:
            data: what was saved.
            now: engine time in seconds of this process.
            civil: the wall-clock time, with its zone.
            last: why it is restored; goes into the trace.

        """
        try:
            session = Session.from_json(data)
        except ValueError:
            return self.start(_call_of(data), now, civil)
        if not self._has_place_for(session):
            return self.start(_call_of(data), now, civil)
        session.seen_at, session.deadline = now, None
        run = Run(self._flows, session, now, civil)
        if session.ended:
            return self._finish(run, End(session.ended, hang_up=True))
        run.emit(SetLanguage(session.language))
        run.note("restored", {"why": last})
        return self._finish(run, self._guarded(run, lambda: self._reissue(run)))

    def _has_place_for(self, session: Session) -> bool:
        """Tell whether the flows (which may have changed) still know this session; declare its variables anew."""
        flows = self._flows.flows
        if (
            not session.frames
            or session.language not in LANGUAGES
            or any(frame.flow not in flows for frame in session.frames)
        ):
            return False
        for frame in session.frames:
            initial = flows[frame.flow].initial
            frame.variables = {name: frame.variables.get(name, value) for name, value in initial.items()}
        session.visits.setdefault(f"{session.frame.flow}/{session.frame.step}", 1)
        return True

    def _count_time(self, run: Run) -> None:
        session = run.session
        if session.seen_at is not None and session.awaiting not in (Awaiting.QUEUE, Awaiting.DIAL):
            session.spent_seconds += max(0.0, run.now - session.seen_at)
        session.seen_at = run.now

    def _fits(self, run: Run, event: Event) -> bool:
        session = run.session
        if isinstance(event, DigitPressed):
            return event.digit in KEYS and len(event.digit) == 1 and not self._swallowed(run, event.digit)
        if isinstance(event, DeadlinePassed):
            return session.deadline is not None and run.now >= session.deadline - _EARLY_SECONDS
        return isinstance(event, CallerHungUp) or event.token in (session.token, session.scratch.get("filler"))

    def _swallowed(self, run: Run, digit: str) -> bool:
        """Tell whether this is a needless finish key after the last digit of an input."""
        session = run.session
        swallowed = digit == session.swallow and run.now <= session.swallow_until
        session.swallow = ""
        return swallowed

    def _hung_up(self, run: Run) -> Step:
        run.session.gone = True
        if run.session.awaiting is Awaiting.BACKEND:
            return self._finish(run, self._guarded(run, lambda: self._take(run, CallerHungUp())))
        return self._finish(run, End(Ended("abandoned", "the caller hung up"), hang_up=False))

    def _take(self, run: Run, event: Event) -> Move:
        leave = run.scratch.get("leave")
        if leave is None:
            return self._current(run).on_event(run, event)
        return Go(leave[0], leave[1]) if prompt_is_over(run, event) else run.stay()

    def _reissue(self, run: Run) -> Move:
        leave = run.scratch.get("leave")
        if leave is not None:
            return Go(leave[0], leave[1])
        return self._current(run).reissue(run)

    def _current(self, run: Run) -> StepType:
        step = run.flow.steps.get(run.session.frame.step)
        if step is None:
            raise ExpressionError("the step is no longer in the flow")
        return step

    def _guarded(self, run: Run, work: Callable[[], Move]) -> Move:
        """Do a step's work; what goes wrong in it takes its way for errors, a lost secure value the step that collects it."""
        try:
            return work()
        except SecretLostError as lost:
            return Go(lost.step, "secure value lost")
        except ExpressionError as error:
            step = run.flow.steps.get(run.session.frame.step)
            run.note("error", {"error": str(error)})
            try:
                return step.fail(run, "error") if step else Fail(str(error))
            except ExpressionError as again:
                return Fail(str(again))

    def _finish(self, run: Run, move: Move, *, pressed: bool = False) -> Step:
        """Make moves until the next wait or the end."""
        made = 0
        while not isinstance(move, Wait | End):
            made += 1
            move = self._make(run, move, made)
        if isinstance(move, End):
            self._end(run, move)
        count_silence(run.session, run.commands, pressed=pressed)
        return self._step(run)

    def _make(self, run: Run, move: Go | Enter | Fail, made: int) -> Move:
        if isinstance(move, Go) and move.target == _NOWHERE:
            return End(Ended("failed", "the safe exit leads nowhere"), hang_up=not run.session.gone)
        over = self._over_budget(run, made)
        if over is not None:
            return over
        if isinstance(move, Fail):
            run.note("failed", {"error": move.reason})
            return self._enter_step(run, run.flow.safe_exit)
        if isinstance(move, Enter):
            return self._enter_flow(run, move)
        run.note(move.result, move.values)
        return self._return(run) if move.target == RETURN else self._enter_step(run, move.target)

    def _over_budget(self, run: Run, made: int) -> Move | None:
        session = run.session
        session.steps += 1
        if session.safe_exit:
            return self._part(run) if session.steps > STEPS_AFTER_BUDGET else None
        budget = used_up(session, made)
        if not budget:
            return None
        session.safe_exit, session.steps = True, 0
        run.note("budget", {"error": budget})
        return self._enter_step(run, run.flow.safe_exit)

    def _part(self, run: Run) -> Move:
        """Leave a caller whose safe exit led nowhere, with a sentence."""
        if run.session.gone:
            return Go(_NOWHERE, "budget")
        run.session.scratch = {"leave": [_NOWHERE, "budget"]}
        return run.play_and_wait((phrase_prompt("system-error"),), Awaiting.PLAY, barge_in=False)

    def _enter_flow(self, run: Run, move: Enter) -> Move:
        frames = run.session.frames
        if move.returning and len(frames) >= DEEPEST:
            return Fail("flows call each other too deeply")
        return self._guarded(run, lambda: self._push(run, move))

    def _push(self, run: Run, move: Enter) -> Move:
        frames = run.session.frames
        flow = self._flows.flows[move.flow]
        given = {name: flow.fitting(name, value) for name, value in move.variables.items()}
        if frames:
            run.note("flow", {"flow": flow.name})
        del frames[len(frames) if move.returning else -1 :]
        frames.append(Frame(flow.name, flow.start, {**flow.initial, **given}))
        return self._enter_step(run, flow.start)

    def _return(self, run: Run) -> Move:
        frames = run.session.frames
        if len(frames) == 1:
            return End(Ended("abandoned" if run.session.gone else "completed", "done"), hang_up=not run.session.gone)
        variables = frames.pop().variables
        if run.session.safe_exit:  # the safe exit of the flow that was called: from here it goes on by that of its caller
            return self._enter_step(run, run.flow.safe_exit)
        return self._guarded(run, lambda: self._current(run).on_return(run, variables))

    def _enter_step(self, run: Run, name: str) -> Move:
        session = run.session
        session.frame.step = name
        visit = f"{session.frame.flow}/{name}"
        session.visits[visit] = session.visits.get(visit, 0) + 1
        session.scratch = {}
        session.token = None
        return self._guarded(run, lambda: self._current(run).enter(run))

    def _end(self, run: Run, move: End) -> None:
        run.session.ended = move.ended
        run.session.awaiting, run.session.deadline, run.session.token = Awaiting.NONE, None, None
        run.note("ended", {"outcome": move.ended.outcome, "reason": move.ended.reason})
        if move.hang_up:
            run.emit(Hangup())

    def _step(self, run: Run) -> Step:
        session = run.session
        step = run.flow.steps.get(session.frame.step)
        return Step(
            session=session,
            commands=tuple(run.commands),
            awaiting=session.awaiting,
            deadline=session.deadline,
            trace=tuple(run.trace),
            ended=session.ended,
            secure=bool(step and step.secure and session.awaiting is Awaiting.INPUT),
        )


def _call_of(data: Mapping[str, Any]) -> CallInfo:
    """Save what can be read of a damaged session, so that the caller keeps his language."""
    data = data if isinstance(data, Mapping) else {}
    call = data.get("call")
    known = call if isinstance(call, Mapping) else {}
    chosen = data.get("language") if data.get("language_chosen") else known.get("language")
    return CallInfo(
        call=str(known.get("call", "")),
        caller_number=str(known.get("caller_number", "")),
        called_number=str(known.get("called_number", "")),
        language=chosen if isinstance(chosen, str) else None,
    )
