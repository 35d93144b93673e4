"""`hotline agent …`: log agents in and out, pause them, from the command line."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cti.cli.asking import Document, SettingsOption, ask, printable
from cti.cli.console import say
from cti.cli.tables import agent_table, day_table

if TYPE_CHECKING:
    from cti.http.client import ApiClient

Name = Annotated[str, typer.Argument(help="the agent's name in config/agents.yaml", show_default=False)]
commands = typer.Typer(
    no_args_is_help=True, help="Show agents and their days; log them in and out, pause them. Example: hotline agent login agent01"
)


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="agent")


@commands.command("list")
def list_agents(
    as_json: Annotated[bool, typer.Option("--json", help="print the document as JSON, one line")] = False,
    settings: SettingsOption = None,
) -> None:
    """Show all agents and what they do.

    Example: hotline agent list
    """
    document = ask(settings, lambda client: client.get("agents"))
    if as_json:
        say(json.dumps(document, ensure_ascii=False))
    else:
        Console().print(agent_table(document["agents"]))


@commands.command()
def login(name: Name, settings: SettingsOption = None) -> None:
    """Log an agent in; he is ready at once.

    Example: hotline agent login agent01
    """
    _wish(name, "login", settings)


@commands.command()
def logout(name: Name, settings: SettingsOption = None) -> None:
    """Log an agent out, after his talk if he has one.

    Example: hotline agent logout agent01
    """
    _wish(name, "logout", settings)


@commands.command()
def pause(
    name: Name,
    reason: Annotated[str, typer.Option(help="why: one of pause_reasons in config/agents.yaml")] = "break",
    settings: SettingsOption = None,
) -> None:
    """Pause an agent, after his talk if he has one.

    Example: hotline agent pause agent01 --reason lunch
    """
    _wish(name, "pause", settings, {"reason": reason})


@commands.command()
def unpause(name: Name, settings: SettingsOption = None) -> None:
    """End an agent's pause.

    Example: hotline agent unpause agent01
    """
    _wish(name, "unpause", settings)


@commands.command()
def ready(name: Name, settings: SettingsOption = None) -> None:
    """Make an agent ready: ends wrap-up and any pause, also the one after missed calls.

    Example: hotline agent ready agent01
    """
    _wish(name, "ready", settings)


@commands.command()
def extend(
    name: Name,
    seconds: Annotated[int, typer.Option(min=1, max=3600, help="how much longer")] = 30,
    settings: SettingsOption = None,
) -> None:
    """Give an agent more time after his talk, up to wrapup_limit_seconds of queues.yaml in all.

    Example: hotline agent extend agent01 --seconds 60
    """
    _wish(name, "wrap-up", settings, {"seconds": seconds})


@commands.command()
def day(
    name: Annotated[str, typer.Argument(help="the agent's name; all agents without it")] = "",
    date: Annotated[str, typer.Option(help="the day in the hotline's time zone, as 2026-11-21; default: today")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print the document as JSON, one line")] = False,
    settings: SettingsOption = None,
) -> None:
    """Show what agents did on a day: time by state and reason to pause, first log-in, last log-out, talks, occupancy.

    Occupancy is the time from ring to end of wrap-up / that and being ready; pauses are in neither.

    Example: hotline agent day agent01 --date 2026-11-21
    """
    path, query = ("agents", name, "day") if name else ("agent-days",), {"date": date} if date else {}
    document = ask(settings, lambda client: client.get(*path, query=query))
    if as_json:
        say(json.dumps(document, ensure_ascii=False))
    else:
        Console().print(day_table(document.get("days", [document])))


def _wish(name: str, verb: str, settings: SettingsOption, body: Document | None = None) -> None:
    async def post(client: "ApiClient") -> Document:
        return await client.post("agents", name, verb, body=body)

    agent = ask(settings, post)
    reason = f" ({printable(agent['reason'])})" if agent["reason"] else ""
    after = f", then {agent['next_state']}" if agent["next_state"] else ""
    say(f"{printable(agent['name'])}: {agent['state']}{reason}{after}")
