"""`hotline doctor`: what is wrong, and how to mend it."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from cti.cli.console import BAD_INPUT, FAILED, explain, fail, say

if TYPE_CHECKING:
    from cti.doctor.finding import Finding
    from cti.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    settings: Annotated[
        Path | None, typer.Option(help="the server's settings file; default: what `hotline run` wrote")
    ] = None,
) -> None:
    """Look at Asterisk, its rights, modules and dialplan, at prompts, database, store, services and server; say how to mend what fails.

    Makes one short call of Asterisk with itself. Ends with status 1 when something must be mended.

    Example: hotline doctor --settings /etc/hotline/hotline.yaml
    """
    from cti.doctor.sip import examine_sip  # noqa: PLC0415 - the other commands need not load all this
    from cti.settings import SettingsError, load_settings  # noqa: PLC0415
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415

    try:
        own = RunSettings()
        known = load_settings(settings or own.layout.settings)
    except ValidationError as error:
        fail(explain(error), BAD_INPUT)
    except SettingsError as error:
        fail(str(error), BAD_INPUT)
    findings = asyncio.run(examine(known))
    if settings is None:  # only of the project's own Asterisk we know where phones reach it
        findings.append(examine_sip(own.sip_host, own.sip_port))
    for finding in findings:
        say(str(finding))
    faults = sum(not finding.well for finding in findings)
    say(f"{faults} of {len(findings)} to mend" if faults else f"all {len(findings)} well")
    raise typer.Exit(FAILED if faults else 0)


async def examine(settings: "Settings") -> "list[Finding]":
    """Look at everything the settings name."""
    from cti.doctor.backends import examine_backends  # noqa: PLC0415
    from cti.doctor.surroundings import examine_database, examine_music, examine_prompts, examine_server, examine_store  # noqa: PLC0415
    from cti.doctor.switch import Account, examine_asterisk  # noqa: PLC0415
    from cti.doctor.traces import examine_traces  # noqa: PLC0415

    ami = settings.ami
    findings = await examine_asterisk(
        Account(ami.host, ami.port, ami.events_username, ami.events_secret.get_secret_value()),
        Account(ami.host, ami.port, ami.actions_username, ami.actions_secret.get_secret_value()),
    )
    findings += [
        examine_prompts(settings.flows_dir, settings.sounds_dir),
        examine_music(settings.run_dir / "music"),
        await examine_database(settings.database_url),
        await examine_store(settings.store_url),
        *await examine_backends(settings),
        *await examine_traces(settings.tracing),
    ]
    return findings + await examine_server(f"http://{settings.http.host}:{settings.http.port}")
