"""`hotline flows …`: the flow versions of the running server: show, reload, roll back."""

import json
from typing import Annotated

import typer

from cti.cli.asking import Document, SettingsOption, ask, printable
from cti.cli.console import say

commands = typer.Typer(no_args_is_help=True, help="Swap flows under live calls. Example: hotline flows reload --share 0.1")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="flows")


@commands.command("show")
def show(
    as_json: Annotated[bool, typer.Option("--json", help="print the document as JSON, one line")] = False, settings: SettingsOption = None
) -> None:
    """Show the versions in use.

    Example: hotline flows show
    """
    document = ask(settings, lambda client: client.get("flows"))
    say(json.dumps(document, ensure_ascii=False)) if as_json else _tell(document)


@commands.command("reload")
def reload(
    share: Annotated[float, typer.Option(help="share of the new calls that meet the new flows, above 0 and up to 1")] = 1.0,
    settings: SettingsOption = None,
) -> None:
    """Check the flows on disk and let new calls meet them; calls under way end on the version they began with.

    A broken set changes nothing; every finding is printed. Example: hotline flows reload --share 0.1
    """
    _tell(ask(settings, lambda client: client.post("flows", "reload", body={"share": share})))


@commands.command("rollback")
def rollback(settings: SettingsOption = None) -> None:
    """Drop the version that is being tried, or go back to the one before.

    Example: hotline flows rollback
    """
    _tell(ask(settings, lambda client: client.post("flows", "rollback")))


def _tell(document: Document) -> None:
    say(f"serving   {printable(document['current'])}")
    if document["candidate"]:
        say(f"trying    {printable(document['candidate'])} on {document['share']:.0%} of the new calls")
    if document["previous"]:
        say(f"before    {printable(document['previous'])}")
    if document["refused"]:
        say(f"refused   the last set tried:\n{printable(document['refused'])}")
