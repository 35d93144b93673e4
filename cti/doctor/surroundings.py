"""Examining what lies around Asterisk: prompts, music, database, store, the server itself."""

import asyncio
import urllib.error
import urllib.request
import wave
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from cti.database.engine import Database, DatabaseAddressError
from cti.doctor.finding import Finding
from cti.prompts.files import missing
from cti.prompts.wanted import wanted_prompts
from cti.store.base import StoreAddressError, StoreDown
from cti.store.opening import open_store
from ivr.document import BadDocument

_DATABASE_SECONDS = 5.0
_HTTP_SECONDS = 2.0
_SHOWN = 5


def examine_prompts(flows: Path, sounds: Path) -> Finding:
    """Is there audio for everything callers of the flows can hear?"""
    try:
        wanted = wanted_prompts(flows)
    except BadDocument as error:
        return Finding(
            "flows",
            f"do not load: {str(error).splitlines()[0]}",
            "`hotline check` shows every fault with its place and cure",
        )
    absent = missing(wanted, sounds)
    if absent:
        names = ", ".join(f"{prompt.language}/{prompt.id}" for prompt in absent[:_SHOWN])
        return Finding(
            "prompts",
            f"{len(absent)} of {len(wanted)} have no audio in {sounds}: {names} …",
            "`hotline prompts build`, or record them",
        )
    return Finding("prompts", f"all {len(wanted)} have audio")


def examine_music(folder: Path) -> Finding:
    """Is there hold music, and can Asterisk play it (8 kHz; a 32-bit wav is heard as silence)?"""
    files = [file for file in folder.iterdir() if not file.name.startswith(".")] if folder.is_dir() else []
    if not files:
        return Finding(
            "hold music", f"none in {folder}", "`hotline run` makes some, or put 16-bit 8 kHz wav files there"
        )
    unfit = [file.name for file in files if file.suffix == ".wav" and not telephone_wav(file)]
    if unfit:
        return Finding(
            "hold music",
            f"heard as silence: {', '.join(unfit)}",
            "save as wav with 16 bit, 8 kHz, mono: sox in.wav -b 16 -r 8000 -c 1 out.wav",
        )
    return Finding("hold music", f"{len(files)} files that Asterisk can play")


def telephone_wav(file: Path) -> bool:
    """Tell whether a wav file has 16 bit, 8 kHz, one channel."""
    try:
        with wave.open(str(file), "rb") as sound:
            return (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
    except (wave.Error, EOFError, OSError):
        return False


async def examine_database(url: str) -> Finding:
    """Can the database be reached, and are its tables there?"""
    try:
        database = Database(url)
    except DatabaseAddressError as error:
        return Finding("database", str(error), "correct database_url in the server's settings")
    try:
        async with asyncio.timeout(_DATABASE_SECONDS), database.reading() as session:
            revision = (await session.execute(text("select version_num from alembic_version"))).scalar()
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else "no answer in time"
        return Finding(
            "database",
            reason,
            "start the server once (it makes the tables), or correct database_url and see that the database runs",
        )
    finally:
        await database.close()
    return Finding("database", f"answers, tables at {revision}")


async def examine_store(url: str) -> Finding:
    """Can the store for live state be reached?"""
    try:
        store = open_store(url)
    except StoreAddressError as error:
        return Finding("store", str(error), "correct store_url in the server's settings")
    try:
        await store.ping()
    except StoreDown as error:
        return Finding(
            "store",
            str(error),
            "start it, or correct store_url; calls go on without it, but a restart forgets agents' states",
        )
    finally:
        await store.close()
    return Finding("store", "answers")


async def examine_server(address: str) -> list[Finding]:
    """Is the server up and ready? address: http://host:port."""
    return [
        await asyncio.to_thread(
            _get, f"{address}/healthz", "server", "start it: `hotline run`, or `systemctl start hotline`"
        ),
        await asyncio.to_thread(
            _get, f"{address}/readyz", "server ready", "what it waits for is in the answer and in its log"
        ),
    ]


def _get(url: str, subject: str, cure: str) -> Finding:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy has no business here
    try:
        opener.open(url, timeout=_HTTP_SECONDS).close()
    except urllib.error.HTTPError as error:
        return Finding(subject, f"{url} answers {error.code}: {error.read(300).decode(errors='replace').strip()}", cure)
    except OSError as error:
        return Finding(subject, f"{url}: {error}", cure)
    return Finding(subject, f"{url} answers")
