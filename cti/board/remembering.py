"""Reads back what happened today before the server started, so that a restart does not empty the board."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cti.board.figures import KEPT_MINUTES, MINUTE_MS, DayFigures
from cti.clock import Clock
from cti.database.engine import Database
from cti.records.agent_days import day_window
from cti.records.contacts import ContactLeg, legs_between, legs_of

READ_SECONDS = 60.0
_READ_ONE_SECONDS = 2.0
#: when it is looked again after those who waited as the server was killed
_LOOK_AGAIN_SECONDS = (10.0, 50.0, 240.0)
REST_SECONDS = 10.0
#: legs that began so long before the day may have ended in it
_LONGEST_LEG_MS = 4 * 3_600_000
#: legs counted before others have their turn
_PORTION = 200


@contextlib.asynccontextmanager
async def remembered(figures: DayFigures, database: Database, clock: Clock) -> AsyncIterator[None]:
    """Read while this context is open, again and again until the database gives it; nobody waits for it."""
    task = asyncio.create_task(_remember(figures, database, clock), name="today's figures")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _remember(figures: DayFigures, database: Database, clock: Clock) -> None:
    log = structlog.get_logger("board")
    while True:
        try:
            async with asyncio.timeout(READ_SECONDS):
                legs = await _legs(database, clock, figures.began_ms)
            break
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("figures_wait", reason=type(error).__name__)
            await asyncio.sleep(REST_SECONDS)
    for first in range(0, len(legs), _PORTION):
        figures.remember(legs[first : first + _PORTION])
        await asyncio.sleep(0)
    figures.all_remembered()
    log.info("figures_remembered", legs=len(legs))
    for rest_seconds in _LOOK_AGAIN_SECONDS:
        await asyncio.sleep(rest_seconds)
        await _look_again(figures, database)


async def _look_again(figures: DayFigures, database: Database) -> None:
    """Callers who gave up while no server ran: Asterisk tells of them later."""
    for call in figures.left_open:
        with contextlib.suppress(SQLAlchemyError, OSError, TimeoutError):
            async with asyncio.timeout(_READ_ONE_SECONDS):
                figures.close_unseen(await legs_of(database, call))


async def _legs(database: Database, clock: Clock, until_ms: int) -> list[ContactLeg]:
    midnight_ms, _ = day_window(clock.civil().date(), clock.zone)
    since_ms = min(midnight_ms, until_ms - KEPT_MINUTES * MINUTE_MS)
    return await legs_between(database, since_ms - _LONGEST_LEG_MS, until_ms)
