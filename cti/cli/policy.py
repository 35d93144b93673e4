"""`hotline policy …`: the queues, tiers and agents of the running server: show, reload."""

import json
from typing import Annotated

import typer

from cti.cli.asking import Document, SettingsOption, ask, printable
from cti.cli.console import say

commands = typer.Typer(no_args_is_help=True, help="Swap queues, tiers and agents under live calls. Example: hotline policy reload")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="policy")


@commands.command("show")
def show(
    as_json: Annotated[bool, typer.Option("--json", help="print the document as JSON, one line")] = False, settings: SettingsOption = None
) -> None:
    """Show what calls are routed by.

    Example: hotline policy show
    """
    document = ask(settings, lambda client: client.get("policy"))
    say(json.dumps(document, ensure_ascii=False)) if as_json else _tell(document)


@commands.command("reload")
def reload(settings: SettingsOption = None) -> None:
    """Check the configuration on disk and route by it from now on; callers keep their places, talks go on.

    A broken one changes nothing; every finding is printed. Example: hotline policy reload
    """
    _tell(ask(settings, lambda client: client.post("policy", "reload")))


def _tell(document: Document) -> None:
    say(f"version   {printable(document['version'])}")
    say(f"queues    {printable(', '.join(document['queues']))}")
    say(f"tiers     {printable(', '.join(document['tiers']))}")
    say(f"agents    {document['agents']}")
    for warning in document["warnings"]:
        say(f"warning   {printable(warning)}")
    if document["refused"]:
        say(f"refused   the last configuration tried:\n{printable(document['refused'])}")
