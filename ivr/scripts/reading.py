"""Reading scripted callers from YAML; everything wrong becomes a finding with its place."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.document import Finding, Node, Scalar, Table, did_you_mean
from ivr.events import DialOutcome, QueueOutcome
from ivr.flowset import FlowSet
from ivr.reader import Reader
from ivr.scripts.replies import read_cases
from ivr.scripts.script import Act, Action, Case, Script
from ivr.texts import LANGUAGES

ENDS = ("completed", "abandoned", "failed", "waiting")
DEFAULT_TIME = "2026-11-20T12:00"
_NO_ARGUMENT = (Act.SILENCE, Act.HANG_UP)
_OUTCOMES: Mapping[Act, type[QueueOutcome] | type[DialOutcome]] = {Act.QUEUE: QueueOutcome, Act.DIAL: DialOutcome}


def read_scripts(
    node: Node, flows: FlowSet, replies: Mapping[str, tuple[Case, ...]], findings: list[Finding]
) -> tuple[Script, ...]:
    """Read one file of scripts.

    Args:
        node: the document: `version`, defaults (`at`, `zone`, `from`, `to`, `language`, `entry`, `backend`) and `calls`.
        flows: the flows to be called; names in the scripts must exist there.
        replies: what backends answer where the scripts say nothing.
        findings: gets what is wrong.

    """
    reader = Reader(node, findings, "the script file")
    reader.integer("version", 1, 1, 1)
    reader.text("flows")
    shared = _Shared(reader, flows, replies)
    calls = reader.child("calls", required=True)
    reader.finish()
    return tuple(shared.script(name, body) for name, body in calls.entries()) if calls else ()


class _Shared:
    """What the scripts of a file have in common."""

    def __init__(self, reader: Reader, flows: FlowSet, replies: Mapping[str, tuple[Case, ...]]) -> None:
        self._flows = flows
        self._steps = [f"{flow.name}/{step}" for flow in flows.flows.values() for step in flow.steps]
        self._findings = reader.findings
        self._zone_text = reader.scalar("zone")
        self._zone = self._read_zone()
        self._at = self._moment(reader, _time(DEFAULT_TIME, self._zone))
        self._caller = reader.text("from", "13800138001")
        self._called = reader.text("to", "95598")
        self._language = self._read_language(reader, None)
        self._entry = self._read_entry(reader, "main")
        self._cases = self._read_replies(reader, replies)

    def script(self, name: Scalar, node: Node) -> Script:
        reader = Reader(node, self._findings, f'call "{name.text}"')
        script = Script(
            name=name.text,
            place=name,
            at=self._moment(reader, self._at),
            caller=self._number(reader),
            called=reader.text("to", self._called),
            language=self._read_language(reader, self._language),
            entry=self._read_entry(reader, self._entry),
            cases=self._read_replies(reader, self._cases),
            actions=tuple(action for item in reader.items("caller") if (action := self._action(item))),
            hours=self._read_hours(reader),
            path=self._read_path(reader),
            effects=self._read_effects(reader),
            end=self._read_end(reader),
            reason=reader.scalar("reason"),
        )
        reader.finish()
        return script

    def _number(self, reader: Reader) -> str:
        """Return the caller's number; `from: ""` is a caller without one."""
        scalar = reader.table.entries.get("from")
        given = reader.text("from", self._caller)
        return scalar.text if isinstance(scalar, Scalar) else given

    def _read_zone(self) -> ZoneInfo:
        scalar = self._zone_text
        try:
            return ZoneInfo(scalar.text if scalar else "Asia/Shanghai")
        except (ValueError, KeyError, OSError):
            assert scalar is not None
            self._findings.append(
                scalar.finding("bad-value", f'no time zone "{scalar.text}"', "write e.g. Asia/Shanghai")
            )
            return ZoneInfo("Asia/Shanghai")

    def _moment(self, reader: Reader, default: datetime) -> datetime:
        scalar = reader.scalar("at")
        if scalar is None:
            return default
        try:
            return _time(scalar.text, self._zone)
        except ValueError:
            reader.report(scalar, "bad-value", f'"{scalar.text}" is no time', f"write it as {DEFAULT_TIME}")
            return default

    def _read_language(self, reader: Reader, default: str | None) -> str | None:
        scalar = reader.scalar("language")
        if scalar is None:
            return default
        if scalar.text not in LANGUAGES:
            reader.report(
                scalar, "unknown-language", f'no language "{scalar.text}"', did_you_mean(scalar.text, LANGUAGES)
            )
        return scalar.text

    def _read_entry(self, reader: Reader, default: str) -> str:
        scalar = reader.scalar("entry")
        name = scalar.text if scalar else default
        if name not in self._flows.flows:
            place = scalar or reader.place
            reader.report(place, "unknown-flow", f'no flow "{name}"', did_you_mean(name, list(self._flows.flows)))
            return next(iter(self._flows.flows))
        return name

    def _read_replies(self, reader: Reader, default: Mapping[str, tuple[Case, ...]]) -> dict[str, tuple[Case, ...]]:
        """Return the replies: those written here come before those of the file, and these before the general ones."""
        child = reader.child("backend")
        own = read_cases(child) if child else {}
        return {**default, **{name: (*cases, *default.get(name, ())) for name, cases in own.items()}}

    def _action(self, node: Node) -> Action | None:
        if isinstance(node, Scalar) and node.text in _NO_ARGUMENT:
            return Action(Act(node.text), "", node)
        if isinstance(node, Table) and len(node.entries) == 1:
            word, value = next(iter(node.entries.items()))
            if word in [act.value for act in Act if act not in _NO_ARGUMENT]:
                return self._with_value(Act(word), value)
            cure = did_you_mean(word, [act.value for act in Act])
            self._findings.append(node.at(word).finding("unknown-key", f'a caller cannot "{word}"', cure))
            return None
        cure = did_you_mean(node.text, _NO_ARGUMENT) if isinstance(node, Scalar) else "write one per line: - press: 1"
        self._findings.append(node.finding("bad-value", "a caller does one thing per line", cure))
        return None

    def _with_value(self, act: Act, value: Node) -> Action | None:
        text = value.text if isinstance(value, Scalar) else ""
        wrong = _fault(act, text)
        if not isinstance(value, Scalar) or wrong:
            self._findings.append(value.finding("bad-value", f'{act}: cannot be "{text}"', wrong or "write one value"))
            return None
        return Action(act, text, value)

    def _read_hours(self, reader: Reader) -> dict[str, str]:
        child = reader.child("hours")
        for name, _ in child.entries() if child else ():
            if name.text not in self._flows.plans:
                cure = did_you_mean(name.text, list(self._flows.plans))
                reader.report(name, "unknown-plan", f'no opening hours "{name.text}"', cure)
        return {name: child.choice(name, ("open", "closed"), "open") for name in child.table.entries} if child else {}

    def _read_path(self, reader: Reader) -> tuple[Scalar, ...]:
        path = reader.texts("path")
        for scalar in path:
            if scalar.text not in self._steps:
                reader.report(
                    scalar, "unknown-step", f'no step "{scalar.text}"', did_you_mean(scalar.text, self._steps)
                )
        return path

    def _read_effects(self, reader: Reader) -> dict[str, tuple[int, Scalar]]:
        child = reader.child("effects")
        return {name.text: (child.integer(name.text, 0, 0, 1000), name) for name, _ in child.entries()} if child else {}

    def _read_end(self, reader: Reader) -> Scalar | None:
        scalar = reader.scalar("end")
        if scalar is not None and scalar.text not in ENDS:
            reader.report(scalar, "bad-value", f'no end "{scalar.text}"', did_you_mean(scalar.text, ENDS))
        return scalar


def _fault(act: Act, text: str) -> str:
    """Return how to mend the value of an action, or nothing."""
    if act in (Act.PRESS, Act.PRESS_QUICKLY) and (not text or text.strip("0123456789*#")):
        return 'write keys in quotes: "1", "10000001#"'
    outcomes = [outcome.value for outcome in _OUTCOMES.get(act, ())]
    if outcomes and text not in outcomes:
        return did_you_mean(text, outcomes)
    if act is Act.SPEAK and text != "fails" and not text.isdigit():
        return "write for how many seconds the caller speaks when he is recorded next, or: fails"
    return "" if text.strip() else "write what is said"


def _time(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
