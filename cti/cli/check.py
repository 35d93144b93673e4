"""`hotline check`: everything wrong with flows and configuration at once, with file, line, column and cure."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from cti.cli.console import BAD_INPUT, say
from cti.cli.sarif import sarif
from ivr.document import BadDocument, Finding, Position, Severity, Table, parse
from ivr.flows import load_flows
from ivr.flowset import FlowSet
from ivr.known import Known

_SECTIONS = ("backends", "services", "gateways")
"""The parts of backends.yaml that may hold secrets."""


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


class Checked(NamedTuple):
    """What a check found, and the flows when they can be used."""

    findings: tuple[Finding, ...]
    flows: FlowSet | None

    @property
    def errors(self) -> int:
        """How many findings hinder the start."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


def register(app: typer.Typer) -> None:
    """Add `check` to the hotline command."""
    app.command("check")(check)


def check(
    flows: Annotated[Path | None, typer.Argument(help="Folder of the flows.")] = None,
    config: Annotated[Path | None, typer.Option(help="Folder of queues.yaml, agents.yaml, backends.yaml …")] = None,
    sounds: Annotated[
        Path | None, typer.Option(help="Folder of the built prompts: texts without audio are found, too.")
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="text: path:line:column: code message (cure); json; or sarif (2.1.0).")
    ] = Format.TEXT,
) -> None:
    """Check flows and configuration; exit status 2 when something hinders the start.

    Example: hotline check flows --config config
    """
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415 - the folders of `run` are the default

    settings = RunSettings()
    checked = check_project(
        flows or settings.flows_dir, config or settings.config_dir, sounds, datetime.now(UTC).date()
    )
    if form is Format.JSON:
        say(json.dumps([asdict(finding) for finding in checked.findings], ensure_ascii=False, indent=2))
    elif form is Format.SARIF:
        say(json.dumps(sarif(checked.findings), ensure_ascii=False, indent=2))
    else:
        _print(checked)
    if checked.errors:
        raise typer.Exit(BAD_INPUT)


def check_project(flows: Path, config: Path, sounds: Path | None = None, today: date | None = None) -> Checked:
    """Check a configuration folder and the flows against it. Never raises for bad input.

    Args:
        flows: folder of the flow files.
        config: folder of the configuration; what of it cannot be read is reported, and names it would define are not checked.
        sounds: folder of built prompts (`<language>/hotline/<id>.<format>`); None: audio is not looked for.
        today: the day that calendars must outlast; None: not checked.

    """
    findings: list[Finding] = []
    hours: list[tuple[str, Position]] = []
    known = replace(_known(config, findings, hours), prompts=_prompts(sounds) if sounds else None, today=today)
    try:
        loaded = load_flows(flows, known)
    except BadDocument as bad:
        return Checked((*findings, *bad.findings), None)
    if not (flows / "operations.yaml").exists():  # flows that declare what they count on do not belong to this configuration
        findings.extend(_missing_plans(hours, loaded))
    return Checked((*findings, *loaded.warnings), loaded)


def _known(config: Path, findings: list[Finding], hours: list[tuple[str, Position]]) -> Known:
    """What flows may name; the plans of hours that the configuration names are added to `hours`."""
    from cti.backends.catalogue import known_operations  # noqa: PLC0415 - here and below: other commands need not load it
    from cti.backends.config import read_backends_config  # noqa: PLC0415
    from cti.config import read_policy  # noqa: PLC0415
    from cti.config.dialing import read_dialing  # noqa: PLC0415

    known = Known()
    try:
        loaded = read_policy(config)
        findings.extend(loaded.warnings)
        policy = loaded.policy
        hours.extend(loaded.plans)
        known = replace(
            known,
            queues=frozenset(policy.queues),
            tiers=frozenset((*policy.tiers, *policy.grades)),
            callbacks=frozenset(name for name, queue in policy.queues.items() if queue.callback is not None),
            skills=frozenset(loaded.skills),
            staffed=frozenset(skill for agent in policy.agents.values() for skill in agent.skills),
        )
    except BadDocument as bad:
        findings.extend(bad.findings)
    before = len(findings)
    dialing = read_dialing(config, findings)
    if not any(finding.severity is Severity.ERROR for finding in findings[before:]):
        known = replace(known, may_dial=lambda number: dialing.allows(number) is not None)
    path = config / "backends.yaml"
    try:
        text = path.read_text(encoding="utf-8")
        backends = read_backends_config(text, str(path))
        findings.extend(_open_tokens(path, text))
        known = replace(known, backends=dict.fromkeys(backends.backends, known_operations()))
        known = replace(known, services=frozenset(backends.services), gateways=frozenset(backends.gateways))
    except BadDocument as bad:
        findings.extend(bad.findings)
    except (OSError, UnicodeDecodeError) as error:
        findings.append(
            Finding(str(path), 1, 1, "unreadable", f"cannot be read: {error}", "restore the file as UTF-8 text")
        )
    return known


def _missing_plans(hours: list[tuple[str, Position]], flows: FlowSet) -> Iterator[Finding]:
    from cti.config import missing_plans  # noqa: PLC0415

    return missing_plans(hours, flows.plans)


def _prompts(sounds: Path) -> frozenset[tuple[str, str]]:
    """Return language and id of every prompt there is audio of."""
    found = ((path.relative_to(sounds).parts, path) for path in sounds.glob("*/hotline/**/*") if path.is_file())
    return frozenset((parts[0], "/".join((*parts[2:-1], path.stem))) for parts, path in found)


def _open_tokens(path: Path, text: str) -> Iterator[Finding]:
    """Find tokens of backends in a file that others than its owner can read."""
    if not path.stat().st_mode & 0o044:
        return
    root = parse(text, str(path))
    sections = [root.entries.get(name) for name in _SECTIONS] if isinstance(root, Table) else []
    entries = [pair for section in sections if isinstance(section, Table) for pair in section.entries.items()]
    for name, entry in entries:
        for key in ("token", "headers"):
            if isinstance(entry, Table) and key in entry.entries:
                message, cure = f'everybody here can read the {key} of "{name}"', f"chmod 600 {path.name}"
                yield entry.at(key).finding("plain-secret", message, cure, Severity.WARNING)


def _print(checked: Checked) -> None:
    for finding in checked.findings:
        say(str(finding))
    if checked.flows is None or checked.errors:
        say(f"{checked.errors} errors")
        return
    steps = sum(len(flow.steps) for flow in checked.flows.flows.values())
    say(f"{len(checked.flows.flows)} flows with {steps} steps and {len(checked.flows.prompts())} prompts: no errors")
