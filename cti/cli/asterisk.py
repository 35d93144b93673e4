"""`hotline asterisk …`: bring Asterisk, and what to put into one's own."""

import platform
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from cti.cli.console import BAD_INPUT, FAILED, explain, fail, say
from cti.provision.asterisk import find_asterisk
from cti.provision.errors import ProvisionError, SettingError
from cti.provision.programs import Tool, probe
from cti.provision.tools import find_tool
from ivr.document import BadDocument

RUN_TOOLS = ("espeak-ng",)
TEST_TOOLS = ("sipp", "redis-server", "chromium", "postgres", "initdb")
ALL_TOOLS = ("prometheus",)
Setting = Annotated[str, typer.Option(envvar="HOTLINE_ASTERISK", help="an Asterisk program to use")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Bring an Asterisk, or print what your own needs.", no_args_is_help=True)
    group.command("fetch")(fetch)
    group.command("versions")(versions)
    group.command("config")(config)
    group.command("run")(run_alone)
    group.command("ready")(ready)
    app.add_typer(group, name="asterisk")


def fetch(
    asterisk: Setting = "",
    tests: Annotated[bool, typer.Option("--tests", help="also what the tests need: SIPp, Redis, Chromium, PostgreSQL (190 MB more)")] = False,
    everything: Annotated[bool, typer.Option("--all", help="also Prometheus")] = False,
) -> None:
    """Bring Asterisk and espeak-ng (about 120 MB, once), checked by the Debian archive's signature, without root.

    Example: hotline asterisk fetch --tests
    """
    names = RUN_TOOLS + (TEST_TOOLS if tests or everything else ()) + (ALL_TOOLS if everything else ())
    try:
        find_asterisk(asterisk, progress=say)
        for name in names:
            find_tool(name, progress=say)
    except ProvisionError as error:
        fail(str(error))


def versions(asterisk: Setting = "") -> None:
    """Print the versions of everything the tests run with.

    Example: hotline asterisk versions
    """
    say(f"python {platform.python_version()}")
    try:
        install = find_asterisk(asterisk, progress=say)
        say(f"asterisk {install.version} ({install.origin.value})")
        for name in (*RUN_TOOLS, *TEST_TOOLS):
            tool = find_tool(name, progress=say)
            say(f"{name} {tool.version or probe(name, Tool(tool.argv, tool.env))}")
    except ProvisionError as error:
        fail(str(error))


def config(
    spool: Annotated[Path, typer.Option(help="folder Asterisk writes voice messages to")] = Path(
        "/var/spool/asterisk/hotline"
    ),
) -> None:
    """Print what to put into your own Asterisk: AMI users with the least rights, dialplan, SIP accounts.

    Uses the passwords of the runtime folder, making them where there are none yet.

    Example: hotline asterisk config > hotline-asterisk.txt
    """
    from cti.asterisk.snippets import snippets  # noqa: PLC0415 - only this command needs these
    from cti.asterisk.templates import TemplateError  # noqa: PLC0415
    from cti.supervisor.plan import asterisk_options, server_settings  # noqa: PLC0415
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415

    try:
        settings = RunSettings()
        options = asterisk_options(settings)
        server = server_settings(settings, options) | {"spool_dir": str(spool)}
        say(snippets(options, server, spool, settings.music))
    except ValidationError as error:
        fail(explain(error), BAD_INPUT)
    except (BadDocument, SettingError) as error:
        fail(str(error), BAD_INPUT)
    except (ProvisionError, TemplateError) as error:
        fail(str(error))


def run_alone() -> None:
    """Like `hotline run`, but without the server: for a server in a container of its own, or in a debugger.

    Example: HOTLINE_SIP_HOST=0.0.0.0 hotline asterisk run
    """
    from cti.cli.run import keep_running  # noqa: PLC0415 - only this command needs it

    keep_running(with_server=False)


def ready() -> None:
    """End with status 0 when the runtime folder's Asterisk takes calls, else 1; for health checks.

    Example: hotline asterisk ready && echo up
    """
    from cti.asterisk.process import fully_booted  # noqa: PLC0415 - only this command needs these
    from cti.supervisor.plan import asterisk_options  # noqa: PLC0415
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415

    try:
        up = fully_booted(asterisk_options(RunSettings()))
    except (ProvisionError, BadDocument) as error:
        fail(str(error), BAD_INPUT)
    raise typer.Exit(0 if up else FAILED)
