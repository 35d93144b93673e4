"""The tables of `hotline status` and `hotline agent list`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cti.cli.asking import Document, duration, printable

_COLOURS = {
    "ready": "green",
    "talking": "cyan",
    "offered": "yellow",
    "connecting": "yellow",
    "paused": "magenta",
    "backoff": "red",
}
_WORKING = ("ready", "offered", "connecting", "cancelling", "talking", "wrap_up")


def status_tables(status: Document) -> RenderableType:
    """Return everything of /api/status for a terminal."""
    return Group(
        _head(status), queue_table(status["queues"]), agent_table(status["agents"]), call_table(status["calls"])
    )


def _head(status: Document) -> Text:
    missing = [printable(name) for name, value in status["reasons"].items() if value is False]
    state = ("ready", "green") if status["ready"] else (f"not ready ({', '.join(missing) or 'see /readyz'})", "red")
    links = " ".join(f"{printable(name)}={printable(value)}" for name, value in status["reasons"].items())
    paused = "" if status["dispatching"] else "  no offers are made"
    return Text.assemble(f"hotline {printable(status['version'])}  ", state, f"  {links}{paused}")


def queue_table(queues: Iterable[Document]) -> Table:
    """Return the lines: who waits how long, and who could answer."""
    table = _table(
        "Queues", "queue", ">waiting", ">longest", "~by tier", ">talking", ">away", ">expected", ">ready", ">working"
    )
    for queue in queues:
        agents = queue["agents"]
        tiers = ",".join(f"{tier}:{count}" for tier, count in queue["waiting_by_tier"].items() if count)
        working = sum(agents.get(state, 0) for state in _WORKING)
        table.add_row(
            *_cells(queue["name"], queue["waiting"], duration(queue["longest_wait_seconds"]), tiers, queue["talking"], queue["away"]),
            *_cells(duration(queue["expected_wait_seconds"]), agents.get("ready", 0), working),
        )  # fmt: skip
    return table


def callback_table(callbacks: Iterable[Document]) -> Table:
    """Return the callbacks: whose turn, how often tried, what keeps them."""
    table = _table("Callbacks", "callback", "number", "queue", "tier", ">place", "state", "agent", ">tried", "~last", "~held back", "requested", "until")
    for callback in callbacks:
        results = callback["results"]
        table.add_row(
            *_cells(callback["callback"], callback["number"], callback["queue"], callback["tier"], callback["position"] or "-", callback["state"]),
            *_cells(callback["agent"], callback["attempts"], results[-1] if results else "", callback["held_back"]),
            *_cells(callback["requested_at"][:19], callback["expires_at"][:19]),
        )  # fmt: skip
    return table


def agent_table(agents: Iterable[Document]) -> Table:
    """Return the agents: what each does, since when, and what he asked to do next."""
    table = _table("Agents", "agent", "phone", "state", ">for", ">ends in", "next", "~reason", "~call", "~queues")
    for agent in agents:
        state = Text(printable(agent["state"]), style=_COLOURS.get(agent["state"], ""))
        table.add_row(
            *_cells(agent["name"], agent["extension"]), state, *_cells(duration(agent["seconds_in_state"]), duration(agent["ends_in_seconds"])),
            *_cells(agent["next_state"] or "", f"{agent['reason']}{' (too long)' * agent['over_limit']}", agent["call"], ",".join(agent["queues"])),
        )  # fmt: skip
    return table


def day_table(days: Iterable[Document]) -> Table:
    """Return what each agent did on a day; times of day are the hotline's."""
    table = _table("Days", "agent", "date", "~log-in", "~log-out", ">logged in", ">ready", ">talking", ">wrap-up", ">paused", "~pauses", ">talks", ">occupancy")
    for day in days:
        seconds, share = day["seconds"], day["occupancy_ring_to_wrap_up"]
        pauses = ", ".join(f"{reason} {duration(lasted)}" for reason, lasted in day["pause_seconds"].items())
        table.add_row(
            *_cells(day["agent"], day["date"], *(_time_of_day(day[at], day["time_zone"]) for at in ("first_login", "last_logout"))),
            *_cells(duration(day["logged_in_seconds"]), *(duration(seconds.get(state, 0)) for state in ("ready", "talking", "wrap_up", "paused"))),
            *_cells(pauses, day["talks"], "-" if share is None else f"{share:.0%}"),
        )  # fmt: skip
    return table


def _time_of_day(instant: str | None, zone: str) -> str:
    return "-" if instant is None else f"{datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)):%H:%M:%S}"


def call_table(calls: Iterable[Document]) -> Table:
    """Return the calls on the line: where each is."""
    table = _table("Calls", "place", "queue", ">position", ">waited", "tier", "agent", "caller", "~call")
    for call in calls:
        position = call["position"] if call["position"] is not None else ""
        table.add_row(
            *_cells(call["place"], call["queue"], position, duration(call["waited_seconds"])),
            *_cells(call["tier"], call["agent"], call["caller"], call["call"]),
        )
    return table


def _table(title: str, *columns: str) -> Table:
    """A table; columns marked > stand right, those marked ~ give way when the terminal is narrow."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column in columns:
        name = column.lstrip(">~")
        table.add_column(
            name, justify="right" if column.startswith(">") else "left", no_wrap=not column.startswith("~")
        )
    return table


def _cells(*values: Any) -> list[Text]:
    return [Text(printable(value)) for value in values]
