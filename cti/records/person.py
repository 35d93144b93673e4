"""What is stored about a person, found and deleted by his number.

Records of calls and tickets stay as records of the business, without anything that leads to him; what is his own (messages,
text messages, recordings, the number itself) goes. A call that is going on is left alone.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import ColumnElement, String, Table, delete, or_, select, update
from sqlalchemy import cast as cast_column
from sqlalchemy.ext.asyncio import AsyncSession

from cti.callbacks.promise import promise_of
from cti.database.engine import Database
from cti.database.models import (
    CallRecordRow,
    DecisionRow,
    EffectRow,
    MessageRow,
    PhoneRow,
    SmsRow,
    SurveyRow,
    TicketRow,
)
from cti.dialing import Numbering
from cti.store.base import Namespace, Store

#: What stands in place of his number where it is part of a text.
GONE = "(deleted)"
#: A shorter number would be found in other people's data.
FEWEST_DIGITS = 5
_CALLS, _TICKETS, _MESSAGES, _SMS, _SURVEYS, _PHONES, _EFFECTS, _DECISIONS = (
    cast("Table", row.__table__) for row in (CallRecordRow, TicketRow, MessageRow, SmsRow, SurveyRow, PhoneRow, EffectRow, DecisionRow)
)
_WITH_TEXTS = ((_CALLS, "call", "trail"), (_EFFECTS, "key", "reply"), (_DECISIONS, "offer", "document"))


@dataclass(frozen=True, slots=True)
class PersonData:
    """What is stored about him.

    Attributes:
        calls: ids of his calls that are over; `open_calls` of those that go on.
        tickets: numbers of tickets with his number.
        messages, texts, surveys: ids of voicemails, of text messages to or because of him, of scores he gave.
        phones: accounts his number belongs to.
        mentions: (table, key) of rows in which his number is part of a text.
        callbacks: ids of open promises to call him back.
        recordings: files with his voice.

    """

    calls: Sequence[str] = ()
    open_calls: Sequence[str] = ()
    tickets: Sequence[str] = ()
    messages: Sequence[int] = ()
    texts: Sequence[int] = ()
    surveys: Sequence[int] = ()
    phones: Sequence[str] = ()
    mentions: Sequence[tuple[str, str]] = ()
    callbacks: Sequence[str] = ()
    recordings: Sequence[Path] = ()
    lines: Sequence[str] = field(default=(), compare=False)  #: the same for people, one line each

    @property
    def empty(self) -> bool:
        """Whether nothing is stored."""
        return not any((self.calls, self.open_calls, self.tickets, self.messages, self.texts, self.phones, self.mentions, self.callbacks))


def forms_of(number: str, numbering: Numbering) -> tuple[str, ...]:
    """Return the forms in which a number may be stored; none for what is no number, or too short a one."""
    normal = numbering.normal(number)
    if len(normal) < FEWEST_DIGITS:
        return ()
    abroad = normal.startswith(numbering.international_prefix)
    prefix = numbering.international_prefix if abroad else numbering.national_prefix
    bare = normal.removeprefix(prefix)
    digits = re.sub(r"\D", "", number)
    own = [] if abroad else [f"{before}{numbering.country_code}{bare}" for before in ("", "+", numbering.international_prefix)]
    other = [f"+{bare}"] if abroad else []
    return tuple(dict.fromkeys((normal, bare, digits, *own, *other)))


async def find_person(database: Database, store: Store, spool: Path, forms: Sequence[str]) -> PersonData:
    """Return what is stored about the person with these forms of his number.

    spool: the folder below which recordings are kept. Raises SQLAlchemyError, OSError, StoreDown.
    """
    promised = [promise_of(key, value) for key, value in (await store.items(Namespace.CALLBACKS)).items()]
    callbacks = [promise.callback for promise in promised if promise is not None and promise.number in forms]
    async with database.reading() as session:
        calls = await _rows(session, _CALLS, _CALLS.c.caller_number.in_(forms))
        tickets = await _rows(session, _TICKETS, _TICKETS.c.caller.in_(forms))
        messages = await _rows(session, _MESSAGES, _MESSAGES.c.caller.in_(forms))
        texts = await _rows(session, _SMS, or_(_SMS.c.number.in_(forms), _SMS.c.caller.in_(forms)))
        phones = await _rows(session, _PHONES, _PHONES.c.number.in_(forms))
        surveys = await _rows(session, _SURVEYS, _SURVEYS.c.call.in_([row["call"] for row in calls]))
        mentions = [(table.name, str(key)) for table, name, column in _WITH_TEXTS for key in await _mentioning(session, table, name, column, forms)]
    return PersonData(
        calls=[row["call"] for row in calls if row["ended_at_ms"] is not None], open_calls=[row["call"] for row in calls if row["ended_at_ms"] is None],
        tickets=[row["ticket"] for row in tickets], messages=[row["id"] for row in messages], texts=[row["id"] for row in texts],
        surveys=[row["id"] for row in surveys], phones=[row["account"] for row in phones], mentions=mentions, callbacks=callbacks,
        recordings=_files(spool, [row["recording"] for row in (*tickets, *messages)]), lines=_told(calls, tickets, messages, texts),
    )  # fmt: skip


async def delete_person(database: Database, store: Store, data: PersonData, forms: Sequence[str]) -> None:
    """Delete or anonymise what was found, for good: nothing of it is left in the database's files.

    Callbacks are taken out of the store: with a server running they must have been cancelled there before.
    Raises SQLAlchemyError, OSError, StoreDown.
    """
    for callback in data.callbacks:
        await store.delete(Namespace.CALLBACKS, callback)
    for path in data.recordings:
        path.unlink(missing_ok=True)
    async with database.writing() as session:
        for table, name, column in _WITH_TEXTS:
            keys = [key for of_table, key in data.mentions if of_table == table.name]
            await _blank_texts(session, table, name, column, keys, forms)
        over = _CALLS.c.call.in_(data.calls)
        await session.execute(update(_CALLS).where(over).values(caller_number=None, account=None, tickets=[]))
        await session.execute(update(_SURVEYS).where(_SURVEYS.c.id.in_(data.surveys), _SURVEYS.c.call.in_(data.calls)).values(call=""))
        await session.execute(update(_TICKETS).where(_TICKETS.c.ticket.in_(data.tickets)).values(caller="", recording=None))
        await session.execute(delete(_MESSAGES).where(_MESSAGES.c.id.in_(data.messages)))
        await session.execute(delete(_SMS).where(_SMS.c.id.in_(data.texts)))
        await session.execute(delete(_PHONES).where(_PHONES.c.number.in_(forms)))
    await database.wipe([_CALLS.name, _SURVEYS.name, _TICKETS.name, _MESSAGES.name, _SMS.name, _PHONES.name, _EFFECTS.name, _DECISIONS.name])


async def _rows(session: AsyncSession, table: Table, where: ColumnElement[bool]) -> list[dict[str, Any]]:
    return [dict(row) for row in (await session.execute(select(table).where(where))).mappings()]


async def _mentioning(session: AsyncSession, table: Table, name: str, column: str, forms: Iterable[str]) -> list[Any]:
    """Keys of the rows whose texts hold his number; the shortest form is part of all others."""
    said = cast_column(table.c[column], String).like(f"%{min(forms, key=len)}%")
    return list((await session.execute(select(table.c[name]).where(said))).scalars())


async def _blank_texts(session: AsyncSession, table: Table, name: str, column: str, keys: Sequence[str], forms: Sequence[str]) -> None:
    longest_first = sorted(forms, key=len, reverse=True)
    number = re.compile("|".join(rf"(?<!\d){re.escape(form)}(?!\d)" for form in longest_first))
    for key in keys:
        row = (await session.execute(select(table.c[column]).where(table.c[name] == key).with_for_update())).one()
        blanked = _replaced(row[0], lambda said: number.sub(GONE, said))
        await session.execute(update(table).where(table.c[name] == key).values({column: blanked}))


def _replaced(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with each text in it changed, keys of entries too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_replaced(one, change) for one in value]
    if isinstance(value, dict):
        return {change(key): _replaced(one, change) for key, one in value.items()}
    return value


def _files(spool: Path, names: Iterable[str | None]) -> list[Path]:
    """The recordings that are there; a name that leads out of their folder is none."""
    folder = (spool / "recordings").resolve()
    paths = [(folder / f"{name.removesuffix('.wav')}.wav").resolve() for name in names if name]
    return [path for path in paths if path.is_relative_to(folder) and path.is_file()]


def _told(*groups: Sequence[dict[str, Any]]) -> list[str]:
    calls, tickets, messages, texts = groups
    return [
        *(f"call {_at(row['started_at_ms'])} {row['call']} {row['queue'] or '-'} {row['outcome'] or 'goes on'}" for row in calls),
        *(f"ticket {_at(row['created_at_ms'])} {row['ticket']} {row['kind']}" for row in tickets),
        *(f"message {_at(row['created_at_ms'])} {row['recording']} {row['seconds']:.0f} s" for row in messages),
        *(f"text {_at(row['created_at_ms'])} {row['state']} {row['text']}" for row in texts),
    ]


def _at(wall_ms: int | None) -> str:
    return "-" if wall_ms is None else datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
