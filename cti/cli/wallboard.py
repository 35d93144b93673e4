"""`hotline wallboard …`: the link of the wall display."""

from typing import Annotated

import typer

from cti.cli.asking import SettingsOption
from cti.cli.console import BAD_INPUT, fail, say
from cti.cli.user import loaded_settings

commands = typer.Typer(no_args_is_help=True, help="The wall display's link: print it, renew it, revoke it. Example: hotline wallboard token")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="wallboard")


@commands.command()
def token(
    new: Annotated[bool, typer.Option("--new", help="make a new one: every display that shows the board now needs the new link")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="make all links worthless")] = False,
    settings: SettingsOption = None,
) -> None:
    """Print the link for a wall display: whoever opens it sees the board, without the ids of calls, and can change nothing.

    Example: hotline wallboard token
    """
    from cti.http.client import address_of  # noqa: PLC0415 - `--help` need not load all this
    from cti.users.display import make_token, revoke_token  # noqa: PLC0415

    loaded = loaded_settings(settings)
    if new and revoke:
        fail("--new and --revoke at once make no sense: --new revokes the old link, too", BAD_INPUT)
    try:
        if revoke:
            say("the display's link is worth nothing any more" if revoke_token(loaded.run_dir) else "there was no display link")
            return
        say(f"{loaded.http.public_url or address_of(loaded.http)}/wallboard?token={make_token(loaded.run_dir, anew=new)}")
    except OSError as error:
        fail(f"{loaded.run_dir}: {error.strerror}. Run this as the user who runs the server.", BAD_INPUT)
