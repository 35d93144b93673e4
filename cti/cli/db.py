"""`hotline db upgrade|demo|messages`: make the tables, fill in the demo company, show text messages."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cti.cli.console import BAD_INPUT, fail, say
from cti.cli.reading import done

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.database.models import SmsRow

Address = Annotated[
    str,
    typer.Option("--database", envvar="HOTLINE_DATABASE_URL", help="sqlite:///file or postgresql://…; else as set."),
]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="The server's settings file.")]

db_app = typer.Typer(no_args_is_help=True, help="Care for the database: customers, tickets, call records.")


def register(app: typer.Typer) -> None:
    """Add `db` to the hotline command."""
    app.add_typer(db_app, name="db")


@db_app.command()
def upgrade(database: Address = "", settings: SettingsFile = None) -> None:
    """Bring the database to the tables this version needs. Doing it again does no harm.

    Example: hotline db upgrade --database sqlite:///run/hotline.db
    """
    url = database or set_url(settings)
    changed = done(_upgraded(url))
    say("The database is up to date now." if changed else "The database was up to date already.")


@db_app.command()
def demo(database: Address = "", settings: SettingsFile = None) -> None:
    """Add the demo company's customers (docs/demo.md) and renew its outages. Doing it again does no harm.

    `hotline run` does this by itself in a database of its own; see HOTLINE_DEMO.

    Example: hotline db demo --database sqlite:///run/hotline.db
    """
    url = database or set_url(settings)
    added = done(_seeded(url))
    say(f"{added} demo customers added; see docs/demo.md." if added else "The demo customers were all there already.")


@db_app.command()
def messages(
    database: Address = "",
    settings: SettingsFile = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 20,
) -> None:
    """Show the text messages of `sms` steps: number, state (waiting, sending, sent, failed), gateway and text.

    Example: hotline db messages --database sqlite:///run/hotline.db --limit 5
    """
    rows = done(_messages(database or set_url(settings), limit))
    for row in rows:
        at = datetime.fromtimestamp(row.created_at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        say(f"{at}  {row.number:<15}  {row.state:<8}{row.gateway:<12}{row.text}")
    if not rows:
        say("No text messages.")


def set_url(settings: Path | None) -> str:
    """Return the database's address of the settings file; ends the program with status 2 when it cannot be used."""
    from cti.settings import SettingsError, load_settings  # noqa: PLC0415 - here and below: other commands need not load it
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415

    try:
        return load_settings(settings or RunSettings().layout.settings).database_url
    except SettingsError as error:
        fail(f"{error} Or name the database with --database.", BAD_INPUT)


async def _upgraded(url: str) -> bool:
    from cti.database import migrate  # noqa: PLC0415

    return await migrate(url)


async def _messages(url: str, limit: int) -> "Sequence[SmsRow]":
    from cti.backends.gateway import recent_messages  # noqa: PLC0415
    from cti.database import Database, migrate  # noqa: PLC0415

    await migrate(url)
    database = Database(url)
    try:
        return await recent_messages(database, limit)
    finally:
        await database.close()


async def _seeded(url: str) -> int:
    from cti.database.demo import add_demo  # noqa: PLC0415

    return await add_demo(url)
