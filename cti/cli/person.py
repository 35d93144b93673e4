"""`hotline person show|delete`: what is stored about somebody, by his number, and its deletion."""

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cti.cli.asking import printable
from cti.cli.console import BAD_INPUT, FAILED, fail, say
from cti.cli.reading import SettingsFile, done, settings_of

if TYPE_CHECKING:
    from cti.records.person import PersonData
    from cti.settings import Settings

RECORD_SECONDS = 15.0
Number = Annotated[str, typer.Argument(help="the telephone number, in any form: 13800138000, +86 138 0013 8000", show_default=False)]
commands = typer.Typer(no_args_is_help=True, help="Show or delete what is stored about a person. Example: hotline person show 13800138000")
NOT_HERE = (
    "Not in the database, and so not deleted here: log files of the server and of Asterisk, its CDR and CEL files, a queue_log_file, backups, "
    "and customers of the company's own systems. They go with their own rotation."
)


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="person")


@commands.command()
def show(number: Number, settings: SettingsFile = None) -> None:
    """Show what is stored about the person with this number.

    Example: hotline person show 13800138000
    """
    loaded = settings_of(settings)
    _print(_on(loaded, _forms(number, loaded)))


@commands.command()
def delete(
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="do it; without this it is only told what would be done")] = False,
    settings: SettingsFile = None,
) -> None:
    """Delete what is stored about the person with this number, or make it nobody's: tickets and records of calls stay without him.

    Without --yes nothing is changed. Callbacks promised to him are taken back. Calls that go on are left: do it again afterwards.

    Example: hotline person delete 13800138000 --yes
    """
    loaded = settings_of(settings)
    forms = _forms(number, loaded)
    data = _on(loaded, forms)
    _print(data)
    if data.empty:
        return
    if not yes:
        say("Nothing was changed. Do it with --yes.")
        return
    if data.callbacks and _cancelled(data.callbacks, loaded):
        _await_records(data.callbacks, loaded, forms)
    _on(loaded, forms, deletes=True)
    left = _on(loaded, forms)
    if left.open_calls:
        fail(f"Deleted, but for {len(left.open_calls)} calls that go on. Do it again once they are over.", FAILED)
    say("Deleted.")
    say(NOT_HERE)


def _on(settings: "Settings", forms: Sequence[str], *, deletes: bool = False) -> "PersonData":
    """Find what is stored about him, and delete it if so wished; returns what was found."""
    from cti.store.base import StoreDown  # noqa: PLC0415 - here and below: `--help` need not load it

    try:
        return done(_found(settings, forms, deletes=deletes))
    except StoreDown as error:
        fail(f"The store cannot be used: {error}. It knows the callbacks promised to him; see that it runs.", FAILED)


async def _found(settings: "Settings", forms: Sequence[str], *, deletes: bool) -> "PersonData":
    from cti.database import Database, migrate  # noqa: PLC0415
    from cti.records.person import delete_person, find_person  # noqa: PLC0415
    from cti.store.opening import open_store  # noqa: PLC0415

    await migrate(settings.database_url)
    database, store = Database(settings.database_url), open_store(settings.store_url)
    try:
        data = await find_person(database, store, settings.spool_dir, forms)
        if deletes:
            await delete_person(database, store, data, forms)
        return data
    finally:
        await store.close()
        await database.close()


def _forms(number: str, settings: "Settings") -> tuple[str, ...]:
    from cti.config.dialing import load_dialing  # noqa: PLC0415
    from cti.records.person import FEWEST_DIGITS, forms_of  # noqa: PLC0415
    from ivr.document import BadDocument  # noqa: PLC0415

    try:
        forms = forms_of(number, load_dialing(settings.config_dir).numbering)
    except BadDocument as error:
        fail(str(error), BAD_INPUT)
    if not forms:
        fail(f"{printable(number)}: no telephone number of at least {FEWEST_DIGITS} digits. Write it as 13800138000 or +86 138 0013 8000.", BAD_INPUT)
    return forms


def _cancelled(callbacks: Sequence[str], settings: "Settings") -> bool:
    """Let a server that runs take them back, for it has them in memory. False if none runs: then the store is all there is."""
    from cti.http.client import ServerAway, ServerRefused, api_client  # noqa: PLC0415

    async def cancel() -> None:
        async with api_client(settings.http) as client:
            for callback in callbacks:
                with contextlib.suppress(ServerRefused):  # over meanwhile; or the two talk, and then it is over soon
                    await client.post("callbacks", callback, "cancel")

    try:
        done(cancel())
    except ServerAway:
        return False
    return True


def _await_records(callbacks: Sequence[str], settings: "Settings", forms: Sequence[str]) -> None:
    """The server writes a record of each callback that is over, with the number in it: wait for them, to delete that as well."""
    deadline = time.monotonic() + RECORD_SECONDS
    while not set(callbacks) <= set(_on(settings, forms).calls):
        if time.monotonic() > deadline:
            fail("The server has not yet written down that the callbacks are over. Do it again in a minute: nothing was deleted yet.", FAILED)
        time.sleep(0.5)


def _print(data: "PersonData") -> None:
    if data.empty:
        say("Nothing is stored about this number.")
        return
    for line in data.lines:
        say(f"  {printable(line)}")
    counts = {
        "calls: number, account and ticket numbers are taken out": data.calls, "calls that go on: left alone": data.open_calls,
        "scores: kept, nobody's": data.surveys, "tickets: kept, the number is taken out": data.tickets, "voicemails: deleted": data.messages,
        "text messages: deleted": data.texts, "accounts of this number: the link is deleted": data.phones,
        "texts that mention it: blanked": data.mentions, "callbacks promised: taken back": data.callbacks, "recordings: deleted": data.recordings,
    }  # fmt: skip
    for what, found in counts.items():
        if found:
            say(f"{len(found):>5} {what}")
