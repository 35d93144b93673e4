"""`hotline callbacks …`: who waits to be called back; taking a callback back."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cti.cli.asking import Document, SettingsOption, ask, printable
from cti.cli.console import say
from cti.cli.tables import callback_table

if TYPE_CHECKING:
    from cti.http.client import ApiClient

commands = typer.Typer(no_args_is_help=True, help="Customers who wait to be called back. Example: hotline callbacks list")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="callbacks")


@commands.command("list")
def list_callbacks(
    as_json: Annotated[bool, typer.Option("--json", help="print the document as JSON, one line")] = False, settings: SettingsOption = None
) -> None:
    """Show who waits to be called back: place, number, attempts, and what holds it back.

    Example: hotline callbacks list
    """
    document = ask(settings, lambda client: client.get("callbacks"))
    if as_json:
        say(json.dumps(document, ensure_ascii=False))
    else:
        Console().print(callback_table(document["callbacks"]))


@commands.command()
def cancel(
    callback: Annotated[str, typer.Argument(help="the id that `hotline callbacks list` shows", show_default=False)], settings: SettingsOption = None
) -> None:
    """Take a callback back; the customer is not called. Impossible once he talks with the agent.

    Example: hotline callbacks cancel k0123456789abcdef0123456
    """

    async def post(client: "ApiClient") -> Document:
        return await client.post("callbacks", callback, "cancel")

    document = ask(settings, post)
    say(f"{printable(document['callback'])}: cancelled; {printable(document['number'])} was dialled {document['attempts']} times")
