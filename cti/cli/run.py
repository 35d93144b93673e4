"""`hotline run`: the whole hotline with one command."""

import os

import typer
from pydantic import ValidationError

from cti.cli.console import BAD_INPUT, explain, fail, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(run)


def run() -> None:
    """Bring Asterisk and the prompts, start everything, keep it running until Ctrl-C.

    Set by environment variables, all of them optional:

    HOTLINE_SIP_PORT (5060), HOTLINE_AMI_PORT (5038), HOTLINE_HTTP_PORT (8080), HOTLINE_RTP_START (20000),
    HOTLINE_RTP_COUNT (2000): ports.

    HOTLINE_SIP_HOST, HOTLINE_HTTP_HOST (127.0.0.1): addresses; 0.0.0.0 lets other machines in.

    HOTLINE_NUMBERS (95598): numbers served, with commas. HOTLINE_LANGUAGE (zh): spoken before the caller chooses.
    HOTLINE_OUTSIDE: host:port of the carrier for calls that the hotline makes; without it this machine plays whoever is called.
    HOTLINE_DEFAULT_QUEUE: for calls whose flow failed. HOTLINE_RTP_TIMEOUT_SECONDS (25): silence that ends a call.

    HOTLINE_RUN_DIR (run), HOTLINE_FLOWS_DIR (flows), HOTLINE_CONFIG_DIR (config), HOTLINE_RECORDINGS_DIR (recordings),
    HOTLINE_MUSIC_DIR, HOTLINE_CACHE_DIR: folders.

    HOTLINE_ASTERISK: a program to use. HOTLINE_DEBIAN_MIRROR: where to fetch one from instead of apt's own mirror.

    HOTLINE_DATABASE_URL, HOTLINE_STORE_URL: sqlite:///file, postgresql://…, redis://…

    HOTLINE_DEMO (true): demo customers in the embedded database; a database you name gets them by `hotline db demo` alone.

    Example: HOTLINE_SIP_PORT=15060 HOTLINE_RUN_DIR=/tmp/second hotline run
    """
    keep_running(with_server=True)


def keep_running(*, with_server: bool) -> None:
    """Prepare everything, start Asterisk and, if wanted, the server, and stay until told to stop; ends the program."""
    from cti.asterisk.templates import TemplateError  # noqa: PLC0415 - the other commands need not load all this
    from cti.prompts.errors import PromptError  # noqa: PLC0415
    from cti.provision.errors import ProvisionError, SettingError  # noqa: PLC0415
    from cti.supervisor.prepare import prepare  # noqa: PLC0415
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415
    from cti.supervisor.supervise import Supervisor, only_one  # noqa: PLC0415
    from ivr.document import BadDocument  # noqa: PLC0415

    os.umask(0o077)  # voice messages, customers, passwords: the owner's alone
    try:
        settings = RunSettings()
        with only_one(settings.layout.root):
            status = Supervisor(settings, prepare(settings, say), say, with_server=with_server).run()
    except ValidationError as error:
        fail(explain(error), BAD_INPUT)
    except (BadDocument, SettingError) as error:
        fail(str(error), BAD_INPUT)
    except (ProvisionError, TemplateError, PromptError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("stopped before anything was started")
    raise typer.Exit(status)
