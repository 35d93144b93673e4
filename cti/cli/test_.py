"""`hotline test`: scripted callers walk the flows, thousands a second, without a telephone."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree as ET

import typer

from cti.cli.console import BAD_INPUT, FAILED, fail, say
from cti.cli.scripted import run_scripts
from cti.cli.try_ import REPLIES_FILE
from ivr.document import BadDocument, Finding, Table, parse
from ivr.flows import load_flows
from ivr.flowset import FlowSet
from ivr.scripts import Case, Coverage, Result, read_replies, read_scripts

SCRIPTS = "tests"
EXAMPLE = "Example:  hotline test flows flows/examples/* --coverage --junit report.xml"


@dataclass(frozen=True, slots=True)
class Suite:
    """A folder of flows with the files of scripts for it."""

    folder: Path
    scripts: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of a suite."""

    suite: Suite
    flows: FlowSet
    results: tuple[Result, ...]
    coverage: Coverage

    @property
    def failures(self) -> list[Finding]:
        """Everything that was not as written."""
        return [finding for result in self.results for finding in result.failures]

    @property
    def missing(self) -> list[str]:
        """Each step and way out that no call took, as `path:line:column: flow/step: exit`."""
        return [
            f"{way.place.path}:{way.place.line}:{way.place.column}: never taken: {way}"
            for flow in self.flows.flows.values()
            for way in self.coverage.missing(flow)
        ]


def register(app: typer.Typer) -> None:
    """Add `test` to the hotline command."""
    app.command("test", epilog=EXAMPLE)(scripted_calls)


def scripted_calls(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders of flows (their tests/*.yaml), or files of scripts.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit report into this file.")] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Tell steps and ways out that no call took; status 1 if there are any.")
    ] = False,
) -> None:
    """Run scripted calls; exit status 1 when one goes otherwise than written, 2 for scripts or flows that cannot be read."""
    began = time.perf_counter()
    try:
        tested = [run_suite(suite) for suite in find_suites(paths or [_flows_folder()])]
    except (BadDocument, OSError) as error:
        fail(str(error), BAD_INPUT)
    seconds = time.perf_counter() - began
    failures = [finding for suite in tested for finding in suite.failures]
    for finding in failures:
        say(str(finding))
    missing = _tell_coverage(tested) if coverage else []
    calls = sum(len(suite.results) for suite in tested)
    said = f"{len(failures)} went wrong" if failures else "all as written"
    say(f"{calls} calls in {seconds:.2f} s: {said}")
    if junit is not None:
        _write(junit, tested)
    if failures or missing:
        raise typer.Exit(FAILED)


def find_suites(paths: Iterable[Path]) -> list[Suite]:
    """Return the flows with their scripts that the paths name.

    Raises:
        BadDocument: a path holds no scripts, or a file of scripts belongs to no flows.
        OSError: a path cannot be read.

    """
    found: dict[Path, list[Path]] = {}
    for path in paths:
        for script in _scripts_of(path):
            found.setdefault(_flows_of(script), []).append(script)
    return [Suite(folder, tuple(dict.fromkeys(scripts))) for folder, scripts in found.items()]


def run_suite(suite: Suite) -> Tested:
    """Load the flows, read the scripts and run them all.

    Raises:
        BadDocument: with everything wrong in flows, replies and scripts.

    """
    flows = load_flows(suite.folder)
    findings: list[Finding] = []
    replies = _replies(suite.folder / REPLIES_FILE, findings)
    coverage = Coverage(flows)
    scripts = [
        script
        for path in suite.scripts
        for script in read_scripts(parse(path.read_text(encoding="utf-8"), str(path)), flows, replies, findings)
    ]
    if findings:
        raise BadDocument(findings)
    return Tested(suite, flows, run_scripts(scripts, flows, coverage), coverage)


def _replies(path: Path, findings: list[Finding]) -> dict[str, tuple[Case, ...]]:
    return read_replies(parse(path.read_text(encoding="utf-8"), str(path)), findings) if path.is_file() else {}


def _scripts_of(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    folder = path / SCRIPTS if (path / SCRIPTS).is_dir() else path
    scripts = sorted(folder.glob("*.yaml")) if folder.name == SCRIPTS else []
    if not scripts:
        cure = "name a folder of flows with tests/*.yaml in it, or a file of scripts"
        raise BadDocument([Finding(str(path), 1, 1, "no-scripts", "no scripted calls here", cure)])
    return scripts


def _flows_of(script: Path) -> Path:
    """Return the folder of the flows a file of scripts is for: what its `flows:` says, else the folder above."""
    node = parse(script.read_text(encoding="utf-8"), str(script))
    named = node.entries.get("flows") if isinstance(node, Table) else None
    text = getattr(named, "text", "")
    folder = script.parent / text if text else script.parent.parent
    if not any(folder.glob("*.yaml")):
        cure = "write flows: <folder of the flows, seen from this file>"
        raise BadDocument([Finding(str(script), 1, 1, "no-flows", f"no flows in {folder}", cure)])
    return folder


def _tell_coverage(tested: Iterable[Tested]) -> list[str]:
    missing: list[str] = []
    for suite in tested:
        for flow in suite.flows.flows.values():
            ways = suite.coverage.ways(flow)
            taken = len(ways) - len(suite.coverage.missing(flow))
            say(f"{flow.path}: {taken} of {len(ways)} steps and ways out taken")
        missing.extend(suite.missing)
    for line in missing:
        say(line)
    return missing


def _write(path: Path, tested: Iterable[Tested]) -> None:
    root = ET.Element("testsuites")
    root.extend(_suite(one) for one in tested)
    ET.indent(root)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        fail(f"{path}: cannot be written: {error}", BAD_INPUT)


def _suite(tested: Tested) -> ET.Element:
    broken = sum(bool(result.failures) for result in tested.results)
    head = {"name": str(tested.suite.folder), "tests": str(len(tested.results)), "failures": str(broken)}
    suite = ET.Element("testsuite", head)
    suite.extend(_cases(tested.results))
    return suite


def _cases(results: Iterable[Result]) -> Iterator[ET.Element]:
    for result in results:
        place = result.script.place
        head = {
            "classname": Path(place.path).stem,
            "name": result.script.name,
            "file": place.path,
            "line": str(place.line),
        }
        case = ET.Element("testcase", {**head, "time": f"{result.virtual_seconds:.1f}"})
        for finding in result.failures:
            failure = ET.SubElement(case, "failure", {"message": finding.message, "type": finding.code})
            failure.text = str(finding)
        yield case


def _flows_folder() -> Path:
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415 - only when no folder is named

    return RunSettings().flows_dir
