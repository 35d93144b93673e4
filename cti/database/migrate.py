"""Bringing a database to the tables this version needs: explicit, repeatable, and quick when nothing is to be done."""

import asyncio
from importlib.resources import files

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from cti.database.engine import Database

#: SQLite says "locked" at once, however patient it was told to be, when two connections turn a new file into WAL together.
LOCKED_TRIES = 50
LOCKED_SECONDS = 0.1
HEAD = "0005"
"""The newest revision in `cti/database/migrations/versions`; a test holds the two together."""


class UnknownRevisionError(Exception):
    """The database was made by a newer version of the program. The message tells the cure."""


async def migrate(url: str) -> bool:
    """Bring the database at `url` to `HEAD`; tell whether anything had to be done.

    Safe to call at every start and by several processes at once: the others wait for the first.

    Raises:
        DatabaseAddressError: the address is not understood.
        UnknownRevisionError: the database is newer than this program.
        sqlalchemy.exc.SQLAlchemyError, OSError: the database cannot be reached or changed.

    """
    database = Database(url)
    try:
        for _ in range(LOCKED_TRIES):
            try:
                return await _migrate(database)
            except OperationalError as error:
                if "locked" not in str(error.orig):
                    raise
                await asyncio.sleep(LOCKED_SECONDS)
        return await _migrate(database)
    finally:
        await database.close()


async def _migrate(database: Database) -> bool:
    async with database.reading() as session:
        present = await (await session.connection()).run_sync(_revision)
    if present == HEAD:
        return False
    async with database.changing_tables() as connection:
        return await connection.run_sync(_upgrade)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> bool:
    present = _revision(connection)
    if present == HEAD:
        return False
    from alembic import command  # noqa: PLC0415 - a fifth of a second that a start with nothing to do need not pay
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files("cti.database") / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, HEAD)
    except CommandError as error:
        raise UnknownRevisionError(
            f"the database is at revision {present}, this program knows {HEAD} as the newest: "
            "start the version of the program that wrote it, or use another database file"
        ) from error
    return True
