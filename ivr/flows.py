"""Reading flow files: everything wrong with them is found at once, with file, line, column and cure."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.checks import check_set
from ivr.document import BadDocument, Finding, Node, Position, Severity, did_you_mean, parse
from ivr.flow_reading import FlowReader, fits
from ivr.flowset import Flow, FlowSet
from ivr.fragments import Fragment, Including, is_fragment, read_fragment, unused
from ivr.hours import Plan, read_plans
from ivr.known import Known, Operation
from ivr.operations import declared
from ivr.reaching import Reach
from ivr.reader import Reader
from ivr.speech import Prompt
from ivr.texts import LANGUAGES, Prompts, phrase_prompt

if TYPE_CHECKING:
    from ivr.steps.reading import Context

__all__ = ["Flow", "FlowSet", "Known", "Operation", "load_flows", "read_files"]

ENTRY = "main"
HOURS_FILE = "hours"
PHRASES_FILE = "phrases"
OPERATIONS_FILE = "operations"
NEEDED_PHRASES = ("one-moment", "system-error")


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
    if loader.has_errors:
        raise BadDocument(loader.findings)
    spoken = tuple(dict.fromkeys(prompt for prompt, _ in loader.prompts.made))
    return FlowSet(
        flows=loader.flows,
        plans=loader.plans,
        phrases=loader.phrases,
        spoken=spoken,
        version=_version(files),
        languages=LANGUAGES,
        warnings=tuple(loader.findings),
        fragments=frozenset(loader.fragments),
        words={
            language: {prompt.id: prompt.text for prompt in spoken if prompt.language == language}
            for language in LANGUAGES
        },
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
        self.fragments: dict[str, Fragment] = {}
        self.plans: dict[str, Plan] = {}
        self.phrases: dict[str, dict[str, str]] = {}
        self.prompts = Prompts([], [])
        self._known = known
        self._entry = entry
        self._contexts: dict[str, Context] = {}
        self._broken: set[str] = set()

    def read(self, files: Mapping[str, str]) -> None:
        """Read all files, what others count on first, then check what spans several."""
        documents: dict[str, Node] = {}
        for path, text in sorted(files.items()):
            try:
                documents[Path(path).stem] = parse(text, path)
            except BadDocument as bad:
                self.findings.extend(bad.findings)
                self._broken.add(Path(path).stem)
        flows = self._read_others(documents)
        self._read_flows(flows, {name: node for name, node in documents.items() if is_fragment(node)})
        first = min(files, default="flows")
        self._check_needed(Position(path=first, line=1, column=1))
        check_set(self.flows, self._contexts, self._entry, self._broken, self.findings)
        self._check_plans()
        self._check_prompts()
        if not self._broken and not self.has_errors:
            self.findings.extend(Reach(self.flows, self._contexts).findings(self.phrases))

    @property
    def has_errors(self) -> bool:
        """Whether something was found that stops the start."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def _read_others(self, documents: Mapping[str, Node]) -> dict[str, Node]:
        """Read the files that are no flows and no fragments; return the flows."""
        if OPERATIONS_FILE in documents:
            self._known = declared(documents[OPERATIONS_FILE], self._known, self.findings)
        if HOURS_FILE in documents:
            self.plans = read_plans(documents[HOURS_FILE], self.findings, self._known.today)
        if PHRASES_FILE in documents:
            self._read_phrases(documents[PHRASES_FILE])
        others = (OPERATIONS_FILE, HOURS_FILE, PHRASES_FILE)
        return {name: node for name, node in documents.items() if name not in others and not is_fragment(node)}

    def _read_flows(self, flows: Mapping[str, Node], written: Mapping[str, Node]) -> None:
        self.fragments = {name: read_fragment(name, node, fits, self.findings) for name, node in written.items()}
        including = Including(self.fragments, set(flows), self._broken, self.findings)
        reader = FlowReader(self._known, including, self.prompts, self.findings)
        for name, node in flows.items():
            self.flows[name], self._contexts[name] = reader.read(name, node)
        if not self._broken and not including.failed:
            self.findings.extend(unused(self.fragments, including.used))

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
        made = dict(reversed(self.prompts.made))
        for prompt, place in made.items() if existing is not None else ():
            if existing is not None and (prompt.language, prompt.id) not in existing:
                message = f'no recording of "{prompt.language}/{prompt.id}"'
                self.findings.append(place.finding("missing-prompt", message, "run: hotline prompts build"))


def _is_prompt_id(text: str) -> bool:
    return bool(text) and all(letter in "abcdefghijklmnopqrstuvwxyz0123456789_-" for letter in text)
