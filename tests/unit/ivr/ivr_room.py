"""A room to walk one call in: small flows as text, a session that survives JSON at every wait, and simulated time."""

import json
import textwrap
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.commands import Play
from ivr.document import BadDocument, Finding, parse
from ivr.events import BackendReplied, DeadlinePassed, DigitPressed, PlayEnded
from ivr.flows import Known, Operation, load_flows
from ivr.flowset import FlowSet
from ivr.scripts import first_fitting, read_replies
from ivr.session import CallInfo, Interpreter, Session, Step

ROOT = Path(__file__).resolve().parents[3]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
CALL = CallInfo("c1", "13800138001", "95598", None)
PHRASES = """
version: 1
phrases:
  one-moment: {zh: 请稍候。, en: One moment.}
  system-error: {zh: 系统繁忙。, en: System busy.}
  wrong: {zh: 按错了。, en: Wrong key.}
"""
DEFAULTS = """
defaults:
  on_timeout: bye
  on_invalid: {say: {phrase: wrong}, next: bye}
"""
KNOWN = Known(
    queues=frozenset({"billing", "general"}),
    skills=frozenset({"lang_zh", "lang_en"}),
    tiers=frozenset({"gold", "basic"}),
    backends={
        "crm": {
            "who": Operation(frozenset({"number"}), reply=frozenset({"found", "customer", "customer.tier"})),
            "pin": Operation(frozenset({"account", "pin"}), secret=frozenset({"pin"}), reply=frozenset({"ok"})),
            "ticket": Operation(frozenset({"area"}), frozenset({"tier"}), effect=True, reply=frozenset({"number"})),
        }
    },
)


def flow_text(
    steps: str, *, name: str = "main", start: str = "a", variables: str = "", defaults: str = DEFAULTS
) -> str:
    """Return a whole flow around these steps; `bye` hangs up and is the safe exit."""
    declared = f"vars:\n{textwrap.indent(textwrap.dedent(variables).strip(), '  ')}\n" if variables else ""
    body = textwrap.indent(textwrap.dedent(steps).strip(), "  ")
    head = f"version: 1\nflow: {name}\nstart: {start}\nsafe_exit: bye\n"
    return f"{head}{declared}{defaults.strip()}\nsteps:\n{body}\n  bye: {{type: hangup}}\n"


def files(main: str, **others: str) -> dict[str, str]:
    """Return the files of a flow set: main, phrases and whatever else."""
    return {"main.yaml": main, "phrases.yaml": PHRASES, **{f"{name}.yaml": text for name, text in others.items()}}


def load(
    steps: str, *, known: Known | None = None, variables: str = "", defaults: str = DEFAULTS, **others: str
) -> FlowSet:
    """Return a flow set whose main flow has these steps."""
    return load_flows(files(flow_text(steps, variables=variables, defaults=defaults), **others), known)


def findings(texts: dict[str, str], known: Known | None = KNOWN) -> tuple[Finding, ...]:
    """Return what is wrong with these files."""
    try:
        return load_flows(texts, known).warnings
    except BadDocument as bad:
        return bad.findings


class Room:
    """One call. After each step the session goes through JSON, unless it holds something that must not be written."""

    def __init__(
        self,
        flows: FlowSet,
        call: CallInfo = CALL,
        entry: str = "main",
        civil: datetime = NOON,
        *,
        through_json: bool = True,
    ):
        self.interpreter = Interpreter(flows, entry)
        self.now = 100.0
        self.civil = civil
        self.through_json = through_json
        self.saved: list[str] = []
        self.trace = []
        self.commands = []
        self.step = self._keep(self.interpreter.start(call, self.now, civil))

    @property
    def session(self) -> Session:
        return self.step.session

    @property
    def token(self) -> str:
        return self.session.token or ""

    @property
    def plays(self) -> list[str]:
        """Prompts of the last step, with their language where it is not the caller's."""
        return [prompt for command in self.step.commands if isinstance(command, Play) for prompt in command.prompts]

    @property
    def command(self):
        """The last command of the last step."""
        return self.step.commands[-1] if self.step.commands else None

    @property
    def where(self) -> str:
        """flow/step"""
        return f"{self.session.frame.flow}/{self.session.frame.step}"

    def send(self, event, after: float = 0.0) -> Step:
        self.now += after
        civil = self.civil + timedelta(seconds=self.now - 100.0)
        return self._keep(self.interpreter.resume(self._session_for_next(), event, self.now, civil))

    def press(self, keys: str) -> Step:
        for key in keys:
            self.send(DigitPressed(key), 0.2)
        return self.step

    def played(self, *, ok: bool = True) -> Step:
        return self.send(PlayEnded(self.token, ok), 1.0)

    def replied(self, **value) -> Step:
        return self.send(BackendReplied(self.token, value), 0.1)

    def silence(self) -> Step:
        """Let the deadline of this wait pass."""
        assert self.step.deadline is not None
        return self.send(DeadlinePassed(), self.step.deadline - self.now)

    def restore(self, flows: FlowSet | None = None, after: float = 3.0) -> Step:
        """Kill the process and go on in another one with what was saved."""
        self.now += after
        interpreter = Interpreter(flows) if flows else self.interpreter
        return self._keep(interpreter.restore(json.loads(self.saved[-1]), self.now, self.civil))

    def _session_for_next(self) -> Session:
        session = self.session
        only_in_memory = (
            session.type_ahead or session.secure_digits or session.swallow or any(f.secure for f in session.frames)
        )
        if not self.through_json or only_in_memory:
            return session
        return Session.from_json(json.loads(self.saved[-1]))

    def _keep(self, step: Step) -> Step:
        text = json.dumps(step.session.to_json())
        assert json.dumps(Session.from_json(json.loads(text)).to_json()) == text
        assert step.ended is not None or step.deadline is not None or step.awaiting in ("queue", "dial"), (
            "every wait has a deadline"
        )
        self.saved.append(text)
        self.step = step
        self.trace.extend(step.trace)
        self.commands.extend(step.commands)
        return step


def demo_replies():
    """Return the answers of flows/try/backend.yaml."""
    path = ROOT / "flows/try/backend.yaml"
    faults = []
    cases = read_replies(parse(path.read_text(encoding="utf-8"), path.name), faults)
    assert faults == []
    return lambda call: first_fitting(cases, call)
