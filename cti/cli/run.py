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

    Ports and folders: HOTLINE_SIP_PORT, HOTLINE_AMI_PORT, HOTLINE_HTTP_PORT, HOTLINE_RTP_START, HOTLINE_RUN_DIR,
    HOTLINE_ASTERISK, HOTLINE_NUMBERS and more; see the manual.
    """
    keep_running(with_server=True)


def keep_running(*, with_server: bool) -> None:
    """Prepare everything, start Asterisk and, if wanted, the server, and stay until told to stop; ends the program."""
    from cti.asterisk.templates import TemplateError  # noqa: PLC0415 - the other commands need not load all this
    from cti.prompts.errors import PromptError  # noqa: PLC0415
    from cti.provision.errors import ProvisionError  # noqa: PLC0415
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
    except BadDocument as error:
        fail(str(error), BAD_INPUT)
    except (ProvisionError, TemplateError, PromptError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("stopped before anything was started")
    raise typer.Exit(status)
