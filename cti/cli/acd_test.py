"""`hotline acd test`: what operators wrote their policy must do, done by the very engine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from xml.etree import ElementTree as ET

import typer

from cti.cli.acd_simulate import ConfigFolder
from cti.cli.console import BAD_INPUT, FAILED, fail, say
from ivr.document import BadDocument, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cti.simulation.policy_tests import Verdict

TESTS = "tests"


def policy_tests(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files of tests, or folders with tests/*.yaml in them.")
    ] = None,
    config: ConfigFolder = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit report into this file.")] = None,
) -> None:
    """Run policy tests: given these callers and agents, who goes first, to whom, after how long.

    Example: hotline acd test config config/examples/* --junit report.xml

    Exit status 1 when one goes otherwise than written, 2 for tests or a configuration that cannot be used.
    """
    from cti.simulation.policy_tests import run_policy_tests  # noqa: PLC0415 - other commands need not load it

    try:
        verdicts = {path: run_policy_tests(path, config) for path in _files(paths or [_config_folder()])}
    except BadDocument as bad:
        fail(str(bad), BAD_INPUT)
    failures = [finding for told in verdicts.values() for verdict in told for finding in verdict.failures]
    for finding in failures:
        say(str(finding))
    tests = sum(len(told) for told in verdicts.values())
    say(f"{tests} tests of the policy: {f'{len(failures)} things went otherwise' if failures else 'all as written'}")
    if junit is not None:
        _write(junit, verdicts)
    if failures:
        raise typer.Exit(FAILED)


def _files(paths: list[Path]) -> list[Path]:
    found = []
    for path in paths:
        files = [path] if path.is_file() else sorted((path / TESTS).glob("*.yaml"))
        if not files:
            cure = f"name a file of tests, or a folder with {TESTS}/*.yaml in it"
            raise BadDocument([Finding(str(path), 1, 1, "no-scripts", "no tests of a policy here", cure)])
        found.extend(files)
    return found


def _write(path: Path, verdicts: "Mapping[Path, tuple[Verdict, ...]]") -> None:
    root = ET.Element("testsuites")
    for file, told in verdicts.items():
        broken = sum(bool(verdict.failures) for verdict in told)
        suite = ET.SubElement(root, "testsuite", {"name": str(file), "tests": str(len(told)), "failures": str(broken)})
        for verdict in told:
            head = {"classname": file.stem, "name": verdict.name, "file": str(file), "line": str(verdict.place.line)}
            case = ET.SubElement(suite, "testcase", {**head, "time": f"{verdict.virtual_seconds:.1f}"})
            for finding in verdict.failures:
                failure = ET.SubElement(case, "failure", {"message": finding.message, "type": finding.code})
                failure.text = str(finding)
    ET.indent(root)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        fail(f"{path}: cannot be written: {error.strerror}", BAD_INPUT)


def _config_folder() -> Path:
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415 - only when no folder is named

    return RunSettings().config_dir
