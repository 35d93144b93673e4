"""Reading flow files: everything wrong with them is found at once, with file, line, column and cure."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ivr.checks import check_graph, check_set, check_targets
from ivr.document import BadDocument, Finding, Node, Position, Scalar, Severity, Table, did_you_mean, parse
from ivr.expressions import EMPTY, ExpressionError, Scope, VariableType, fit
from ivr.flowset import Flow, FlowSet
from ivr.hours import Plan, read_plans
from ivr.known import Known, Operation
from ivr.operations import declared
from ivr.reader import Reader
from ivr.speech import Prompt
from ivr.steps import READERS
from ivr.steps.base import StepType
from ivr.steps.reading import NAME, Context, Defaults, StepReader
from ivr.texts import LANGUAGES, Prompts, phrase_prompt

__all__ = ["Flow", "FlowSet", "Known", "Operation", "load_flows", "read_files"]

ENTRY = "main"
_SECRET_WORDS = frozenset({"pin", "password", "passcode", "pwd", "secret", "token", "cvv", "cvc"})
HOURS_FILE = "hours"
PHRASES_FILE = "phrases"
OPERATIONS_FILE = "operations"
NEEDED_PHRASES = ("one-moment", "system-error")
CALL_VARIABLES: Mapping[str, VariableType] = {
    "call.id": VariableType.TEXT,
    "call.caller_number": VariableType.TEXT,
    "call.called_number": VariableType.TEXT,
    "call.language": VariableType.TEXT,
    "call.language_chosen": VariableType.FLAG,
    "today": VariableType.TEXT,
}


def load_flows(root: Path | Mapping[str, str], known: Known | None = None, entry: str = ENTRY) -> FlowSet:
    """Read and check all flows.

    Args:
        root: the folder with the flow files (`*.yaml`, not those in folders below), or their texts by path.
        known: names defined elsewhere; what is not given is not checked.
        entry: the flow calls begin in.

    Returns:
        The flows; warnings are in `warnings`.

    Raises:
        BadDocument: with all findings of all files.

    """
    files = read_files(root) if isinstance(root, Path) else dict(root)
    loader = _Loader(known or Known(), entry)
    loader.read(files)
    errors = [finding for finding in loader.findings if finding.severity is Severity.ERROR]
    if errors:
        raise BadDocument(loader.findings)
    return FlowSet(
        flows=loader.flows,
        plans=loader.plans,
        phrases=loader.phrases,
        spoken=tuple(prompt for prompt, _ in loader.prompts.made),
        version=_version(files),
        languages=LANGUAGES,
        warnings=tuple(loader.findings),
    )


def read_files(folder: Path) -> dict[str, str]:
    """Return the texts of the YAML files of a folder by path.

    Raises:
        BadDocument: the folder or a file cannot be read.

    """
    paths = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    if not paths:
        raise BadDocument(
            [Finding(str(folder), 1, 1, "no-flows", "no *.yaml files here", "name the folder of the flows")]
        )
    findings: list[Finding] = []
    files: dict[str, str] = {}
    for path in paths:
        try:
            files[str(path)] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            findings.append(
                Finding(str(path), 1, 1, "unreadable", f"cannot be read: {error}", "make it a UTF-8 text file")
            )
    if findings:
        raise BadDocument(findings)
    return files


def _version(files: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: Path(path).name):
        digest.update(Path(path).name.encode() + b"\0" + files[path].encode() + b"\0")
    return digest.hexdigest()[:16]


class _Loader:
    """Collects flows, plans, phrases and findings over all files."""

    def __init__(self, known: Known, entry: str) -> None:
        self.findings: list[Finding] = []
        self.flows: dict[str, Flow] = {}
        self.plans: dict[str, Plan] = {}
        self.phrases: dict[str, dict[str, str]] = {}
        self.prompts = Prompts([], [])
        self._known = known
        self._entry = entry
        self._contexts: dict[str, Context] = {}
        self._broken: set[str] = set()

    def read(self, files: Mapping[str, str]) -> None:
        """Read all files, what they count on first, then check what spans several."""
        for path, text in sorted(files.items(), key=lambda file: Path(file[0]).stem != OPERATIONS_FILE):
            name = Path(path).stem
            try:
                node = parse(text, path)
            except BadDocument as bad:
                self.findings.extend(bad.findings)
                self._broken.add(name)
                continue
            self._read_document(name, node)
        first = min(files, default="flows")
        self._check_needed(Position(path=first, line=1, column=1))
        check_set(self.flows, self._contexts, self._entry, self._broken, self.findings)
        self._check_plans()
        self._check_prompts()

    def _read_document(self, name: str, node: Node) -> None:
        if name == HOURS_FILE:
            self.plans = read_plans(node, self.findings, self._known.today)
        elif name == OPERATIONS_FILE:
            self._known = declared(node, self._known, self.findings)
        elif name == PHRASES_FILE:
            self._read_phrases(node)
        else:
            flow = self._read_flow(name, node)
            self.flows[flow.name] = flow

    def _read_phrases(self, node: Node) -> None:
        reader = Reader(node, self.findings, "the phrase file")
        reader.integer("version", 1, 1, 1)
        child = reader.child("phrases", required=True)
        reader.finish()
        for name, body in child.entries() if child else ():
            words = Reader(body, self.findings, f'phrase "{name.text}"')
            if not _is_prompt_id(name.text):
                words.report(name, "bad-name", f'"{name.text}" cannot name a prompt', "use a-z, 0-9, - and _")
            for language in LANGUAGES:
                scalar = words.scalar(language, required=True)
                if scalar is not None:
                    if not scalar.text.strip():
                        words.report(scalar, "missing-language", f'no text for "{language}"', f'add {language}: "…"')
                    self.phrases.setdefault(name.text, {})[language] = scalar.text
                    self.prompts.made.append(
                        (Prompt(phrase_prompt(name.text), language, " ".join(scalar.text.split())), scalar)
                    )
            words.finish()

    def _read_flow(self, name: str, node: Node) -> Flow:
        faults = self._errors()
        reader = Reader(node, self.findings, f'flow "{name}"')
        reader.integer("version", 1, 1, 1)
        written = reader.scalar("flow", required=True)
        if written is not None and (written.text != name or not NAME.match(name)):
            reader.report(
                written, "bad-name", f'flow "{written.text}" stands in {name}.yaml', f"write flow: {name} (a-z, 0-9, _)"
            )
        variables, initial = self._read_variables(reader)
        context = Context(
            flow=name,
            scope=Scope({**variables, **CALL_VARIABLES}),
            known=self._known,
            findings=self.findings,
            prompts=self.prompts,
        )
        self._contexts[name] = context
        self._read_defaults(reader, context)
        start, safe_exit = reader.scalar("start", required=True), reader.scalar("safe_exit", required=True)
        reader.text("title")
        steps = self._read_steps(reader, context)
        reader.finish()
        self._check_flow(reader, steps, [scalar for scalar in (start, safe_exit) if scalar is not None], faults)
        return Flow(
            name=name,
            path=reader.place.path,
            start=start.text if start else "",
            safe_exit=safe_exit.text if safe_exit else "",
            variables=variables,
            initial=initial,
            steps=steps,
        )

    def _errors(self) -> int:
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    def _check_flow(self, reader: Reader, steps: Mapping[str, StepType], roots: Sequence[Scalar], faults: int) -> None:
        """Check the ways of a flow; its shape only when nothing else is wrong with it (`faults`: errors before it)."""
        written = reader.node("steps")
        names = written.entries if isinstance(written, Table) else {}
        if names:
            check_targets(steps, roots, names, self.findings)
        if self._errors() == faults:
            check_graph(steps, roots, self.findings)

    def _read_variables(self, reader: Reader) -> tuple[dict[str, VariableType], dict[str, Any]]:
        variables: dict[str, VariableType] = {}
        initial: dict[str, Any] = {}
        child = reader.child("vars")
        for name, node in child.entries() if child else ():
            if not NAME.match(name.text) or name.text in ("call", "today"):
                reader.report(
                    name, "bad-name", f'"{name.text}" cannot name a variable', "use a-z, 0-9, _; not call or today"
                )
                continue
            kind, value = self._read_variable(name, node)
            if kind in (VariableType.TEXT, VariableType.NUMBER) and _sounds_secret(name.text):
                cure = f"declare {name.text}: secret, and collect it with secure: true"
                self.findings.append(
                    name.finding("plain-secret", f'"{name.text}" is kept openly', cure, Severity.WARNING)
                )
            variables[name.text] = kind
            if kind is not VariableType.SECRET:
                initial[name.text] = value
        return variables, initial

    def _read_variable(self, name: Scalar, node: Node) -> tuple[VariableType, Any]:
        if isinstance(node, Scalar):
            kind = self._type(node)
            return kind, EMPTY.get(kind)
        child = Reader(node, self.findings, f'variable "{name.text}"')
        written, value = child.scalar("type", required=True), child.scalar("value")
        child.finish()
        kind = self._type(written) if written else VariableType.DATA
        if value is not None and kind is VariableType.SECRET:
            child.report(value, "plain-secret", f'"{name.text}" is a secret in plain text', "let the caller type it")
        if value is None or kind is VariableType.SECRET:
            return kind, EMPTY.get(kind)
        try:
            return kind, fit(value.text if kind is VariableType.TEXT else value.value(), kind, name.text)
        except ExpressionError as error:
            child.report(value, "bad-type", str(error), f"give a {kind}")
            return kind, EMPTY.get(kind)

    def _type(self, scalar: Scalar) -> VariableType:
        try:
            return VariableType(scalar.text)
        except ValueError:
            cure = did_you_mean(scalar.text, [kind.value for kind in VariableType])
            self.findings.append(scalar.finding("unknown-type", f'no variable type "{scalar.text}"', cure))
            return VariableType.DATA

    def _read_defaults(self, reader: Reader, context: Context) -> None:
        node = reader.node("defaults")
        if node is None:
            return
        child = StepReader(node, context, "_defaults", node)
        child.what = "defaults"
        context.defaults = Defaults(
            retries=child.integer("retries", 2, 0, 9),
            first_digit_seconds=child.seconds("first_digit_seconds", 5, 1, 60),
            inter_digit_seconds=child.seconds("inter_digit_seconds", 3, 0.5, 30),
            timeout_seconds=child.seconds("timeout_seconds", 5, 0.5, 30),
            on_timeout=child.way("on_timeout", required=False),
            on_invalid=child.way("on_invalid", required=False),
            on_error=child.way("on_error", required=False),
        )
        child.finish()

    def _read_steps(self, reader: Reader, context: Context) -> dict[str, StepType]:
        steps: dict[str, StepType] = {}
        child = reader.child("steps", required=True)
        for name, node in child.entries() if child else ():
            if not NAME.match(name.text) or name.text == "return":
                reader.report(
                    name,
                    "bad-name",
                    f'"{name.text}" cannot name a step',
                    "use a-z, 0-9, _; begin with a letter; not return",
                )
                continue
            step_reader = StepReader(node, context, name.text, name)
            kind = step_reader.scalar("type", required=True) if isinstance(node, Table) else None
            if kind is None:
                continue
            if kind.text not in READERS:
                cure = did_you_mean(kind.text, list(READERS)) or f"known: {', '.join(READERS)}"
                reader.report(kind, "unknown-type", f'no step type "{kind.text}"', cure)
                continue
            steps[name.text] = READERS[kind.text](step_reader)
        return steps

    def _check_needed(self, place: Position) -> None:
        for phrase in NEEDED_PHRASES:
            self.prompts.wanted.append((phrase, place))

    def _check_plans(self) -> None:
        if HOURS_FILE in self._broken:
            return
        for context in self._contexts.values():
            for name, place in context.plans:
                if name not in self.plans:
                    cure = did_you_mean(name, list(self.plans)) or "write it into hours.yaml"
                    self.findings.append(place.finding("unknown-plan", f'no opening hours "{name}"', cure))

    def _check_prompts(self) -> None:
        if PHRASES_FILE not in self._broken:
            for phrase, place in self.prompts.wanted:
                if phrase not in self.phrases:
                    cure = did_you_mean(phrase, list(self.phrases)) or "write it into phrases.yaml"
                    self.findings.append(place.finding("unknown-phrase", f'no phrase "{phrase}"', cure))
        existing = self._known.prompts
        for prompt, place in self.prompts.made if existing is not None else ():
            if existing is not None and (prompt.language, prompt.id) not in existing:
                message = f'no recording of "{prompt.language}/{prompt.id}"'
                self.findings.append(place.finding("missing-prompt", message, "run: hotline prompts build"))


def _sounds_secret(name: str) -> bool:
    return name in ("card_number", "card_no") or bool(_SECRET_WORDS & set(name.split("_")))


def _is_prompt_id(text: str) -> bool:
    return bool(text) and all(letter in "abcdefghijklmnopqrstuvwxyz0123456789_-" for letter in text)
