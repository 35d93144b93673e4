"""`hotline serve`: the server itself, for `hotline run`, systemd and a container."""

import asyncio
import contextlib
import resource
from pathlib import Path
from typing import Annotated

import typer

from cti.cli.console import BAD_INPUT, LOST_OWNERSHIP, fail
from cti.settings import DEFAULT_FILE


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    settings: Annotated[Path, typer.Option("--settings", help="Settings file; `make run` writes run/hotline.yaml.")] = DEFAULT_FILE,
    take_over: Annotated[bool, typer.Option("--take-over", help="Replace another server that is alive on this Asterisk.")] = False,
) -> None:
    """Serve calls on an Asterisk that is running already.

    Example: hotline serve --settings run/hotline.yaml

    Ends with status 2 if flows or configuration cannot be used, 3 if another server owns this Asterisk.
    """
    from cti.ami.errors import OwnershipLost  # noqa: PLC0415 - the other commands need not load all this
    from cti.http.serving import ListenError  # noqa: PLC0415
    from cti.inputs import StartRefused  # noqa: PLC0415
    from cti.logs import configure_logs  # noqa: PLC0415
    from cti.serving import serve_until_stopped  # noqa: PLC0415
    from cti.settings import SettingsError, load_settings  # noqa: PLC0415
    from ivr.document import BadDocument  # noqa: PLC0415

    _leave_no_core()
    try:
        loaded = load_settings(settings)
        configure_logs(loaded.log_level)
        asyncio.run(serve_until_stopped(loaded, take_over=take_over))
    except (SettingsError, StartRefused, BadDocument, ListenError, ValueError) as error:
        fail(str(error), BAD_INPUT)
    except OwnershipLost as error:
        fail(str(error), LOST_OWNERSHIP)


def _leave_no_core() -> None:
    """A core file would hold the PINs that callers are typing."""
    with contextlib.suppress(OSError, ValueError):  # forbidden here: then systemd's LimitCORE has done it
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
