"""Running a scripted call: virtual time, and the session through JSON at every wait."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import from_json, to_json

from ivr.commands import CallBackend
from ivr.document import Finding, Position
from ivr.events import DialOutcome, FailReason, QueueOutcome
from ivr.flowset import FlowSet
from ivr.scripts.coverage import Coverage, WatchedInterpreter
from ivr.scripts.replies import first_fitting, is_done
from ivr.scripts.script import Act, Action, Script
from ivr.state import CallInfo, Session
from ivr.walker import Line, LineKind, Walker

WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a scripted call: nothing in `failures` when all was as written."""

    script: Script
    failures: tuple[Finding, ...]
    lines: tuple[Line, ...]
    virtual_seconds: float


def run_script(script: Script, flows: FlowSet, coverage: Coverage) -> Result:
    """Run one scripted call to its end or the end of the script.

    Args:
        script: the call.
        flows: the flows.
        coverage: counts the steps and ways taken.

    """
    return _Run(script, flows, coverage).result()


class _Run:
    """One call under way."""

    def __init__(self, script: Script, flows: FlowSet, coverage: Coverage) -> None:
        self._script = script
        self._failures: list[Finding] = []
        self._effects: dict[str, set[str]] = {}
        self._damaged: list[str] = []  #: where the session was another one after it was saved and read
        self._heard = 0  #: the line and, in its plain words, the place after what was heard last
        self._inside = 0
        self._acted = 0
        if script.hours:
            plans = {name: replace(flows.plans[name], override=word) for name, word in script.hours.items()}
            flows = replace(flows, plans={**flows.plans, **plans})
        info = CallInfo("script", script.caller, script.called, script.language)
        self._walker = Walker(
            flows, info, self._answer, script.at, script.entry,
            interpreter=WatchedInterpreter(flows, script.entry, coverage), keep=self._keep,
        )  # fmt: skip

    def result(self) -> Result:
        """Do what the script says; the first thing that is not as written ends it."""
        for action in self._script.actions:
            self._do(action)
            if self._failures:
                break
        else:
            self._check_end()
            self._check_path()
            self._check_effects()
        for where in self._damaged[:1]:
            self._fail(self._script.place, "session", f"the session changed when it was saved at {where}")
        lines = tuple(self._walker.lines)
        return Result(self._script, tuple(self._failures), lines, self._walker.session.seen_at or 0.0)

    def _do(self, action: Action) -> None:
        if action.act is Act.HEAR:
            self._hear(action)
        elif action.act is Act.HEAR_NOT:
            self._hear_not(action)
        elif action.act is Act.SPEAK:
            self._walker.record_seconds = None if action.text == "fails" else float(action.text)
        elif self._walker.over:
            self._fail(action.place, "call-over", f"the call is over before {action.act} {action.text}".rstrip())
        else:
            self._acted = len(self._walker.lines)
            self._act(action)

    def _act(self, action: Action) -> None:
        walker = self._walker
        if action.act is Act.PRESS:
            for key in action.text:
                if not walker.over:
                    walker.press(key)
        elif action.act is Act.PRESS_QUICKLY:
            walker.press_quickly(action.text)
        elif action.act is Act.HANG_UP:
            walker.hang_up()
        elif action.act is Act.SILENCE:
            walker.wait()
        elif action.act is Act.DIAL:
            self._dial(action)
        elif walker.waits_in_queue:
            walker.leave_queue(QueueOutcome(action.text))
        else:
            self._fail(action.place, "no-queue", "the caller waits in no queue")

    def _dial(self, action: Action) -> None:
        if self._walker.is_put_through:
            self._walker.end_dial(DialOutcome(action.text))
        else:
            self._fail(action.place, "no-dial", "nobody outside is called for the caller")

    def _hear(self, action: Action) -> None:
        """Find the words in what was heard since the last `hear`."""
        wanted = _plain(action.text)
        for index in range(self._heard, len(self._walker.lines)):
            line = self._walker.lines[index]
            start = self._inside if index == self._heard else 0
            found = _plain(line.text).find(wanted, start) if line.kind is LineKind.HEARD else -1
            if found >= 0:
                self._heard, self._inside = index, found + len(wanted)
                return
        self._fail(action.place, "not-heard", f'"{action.text}" was not heard')

    def _hear_not(self, action: Action) -> None:
        wanted = _plain(action.text)
        for line in self._walker.lines[self._acted :]:
            if line.kind is LineKind.HEARD and wanted in _plain(line.text):
                self._fail(action.place, "heard", f'"{action.text}" was heard')
                return

    def _check_end(self) -> None:
        end = self._script.end
        ended = self._walker.session.ended
        outcome, reason = (ended.outcome, ended.reason) if ended else (WAITING, "")
        if end is not None and end.text != outcome:
            self._fail(end, "other-end", f"the call should be {end.text}; it is {outcome} ({reason or self._where()})")
        wanted = self._script.reason
        if wanted is not None and wanted.text != reason:
            self._fail(wanted, "other-reason", f'the reason should be "{wanted.text}"; it is "{reason}"')

    def _check_path(self) -> None:
        """Find the steps of the path in the order in which they were passed."""
        walked = [f"{entry.flow}/{entry.step}" for entry in self._walker.trace]
        walked.append(self._where())
        at = 0
        for scalar in self._script.path:
            if scalar.text not in walked[at:]:
                self._fail(scalar, "other-path", f"{scalar.text} was not passed; the call went {_shorter(walked)}")
                return
            at = walked.index(scalar.text, at) + 1

    def _check_effects(self) -> None:
        for operation, (wanted, place) in self._script.effects.items():
            done = len(self._effects.get(operation, ()))
            if done != wanted:
                self._fail(place, "other-effects", f"{operation} should be done {wanted} times; it was {done}")

    def _where(self) -> str:
        frame = self._walker.session.frame
        return f"{frame.flow}/{frame.step}"

    def _fail(self, place: Position, code: str, message: str) -> None:
        heard = [line for line in self._walker.lines[self._heard :] if line.kind is LineKind.HEARD][-4:]
        words = " · ".join(f"[{line.language}] {line.text}" for line in heard) or "nothing"
        self._failures.append(place.finding(code, message, f"heard instead: {words}"))

    def _answer(self, call: CallBackend) -> Mapping[str, Any] | FailReason:
        reply = first_fitting(self._script.cases, call)
        if call.idempotency_key is not None and is_done(call, reply):
            self._effects.setdefault(call.operation, set()).add(call.idempotency_key)
        return reply

    def _keep(self, session: Session) -> Session:
        """Write the session and read it again; what is only kept in memory is carried over."""
        twin = Session.from_json(from_json(to_json(session.to_json())))
        twin.type_ahead, twin.secure_digits = session.type_ahead, session.secure_digits
        twin.swallow, twin.swallow_until = session.swallow, session.swallow_until
        for mine, old in zip(twin.frames, session.frames, strict=True):
            mine.secrets = dict(old.secrets)
        if twin != session:
            self._damaged.append(f"{session.frame.flow}/{session.frame.step}")
        return twin


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def _shorter(walked: list[str]) -> str:
    return " → ".join(walked if len(walked) <= 12 else ["…", *walked[-12:]])
