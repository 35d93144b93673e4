"""`hotline status`: the running server at a glance."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from cti.cli.asking import Document, SettingsOption, ask
from cti.cli.console import say
from cti.cli.tables import status_tables

if TYPE_CHECKING:
    from cti.http.client import ApiClient


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="print the document as JSON, one line")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="show it again and again until Ctrl-C")] = False,
    every: Annotated[float, typer.Option(help="seconds between two looks of --watch", min=0.2, max=3600)] = 2.0,
    settings: SettingsOption = None,
) -> None:
    """Show the running server: links, queues, agents, calls.

    Example: hotline status --watch

    Ends with status 1 if the server is away, 2 if the settings cannot be used.
    """
    try:
        if not watch:
            _show(ask(settings, _read), as_json=as_json)
        elif as_json:
            ask(settings, lambda client: _print_on(client, every))
        else:
            ask(settings, lambda client: _watch(client, every))
    except KeyboardInterrupt:
        return


async def _read(client: "ApiClient") -> Document:
    return await client.get("status")


def _show(document: Document, *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(document, ensure_ascii=False))
    else:
        Console().print(status_tables(document))


async def _print_on(client: "ApiClient", every: float) -> None:
    while True:
        say(json.dumps(await _read(client), ensure_ascii=False))
        await asyncio.sleep(every)


async def _watch(client: "ApiClient", every: float) -> None:
    """The first look must succeed; later a server that is away (being restarted) is shown as such."""
    from cti.http.client import ServerAway, ServerRefused  # noqa: PLC0415

    with Live(status_tables(await _read(client)), screen=Console().is_terminal, auto_refresh=False) as live:
        while True:
            await asyncio.sleep(every)
            try:
                live.update(status_tables(await _read(client)), refresh=True)
            except (ServerAway, ServerRefused) as error:
                live.update(Text(str(error), style="red"), refresh=True)
