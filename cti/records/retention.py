"""Old records are swept out, a few at a time, so that no call waits for it.

Records: calls, contact legs, scores. Effects: what backends remember so that nothing is done twice, and recordings that no
message and no ticket has. What agents did and decisions of routing are swept by those who write them.
"""

import asyncio
from pathlib import Path
from typing import cast

import structlog
from sqlalchemy import ColumnElement, Table, delete, select
from sqlalchemy.exc import SQLAlchemyError

from cti.clock import Clock
from cti.database.engine import Database
from cti.database.models import CallRecordRow, EffectRow, MessageRow, SurveyRow, TicketRow
from cti.records.contacts import LEGS

EVERY_SECONDS = 3600.0
#: After the start everything else goes first.
FIRST_SECONDS = 60.0
BATCH = 200
REST_SECONDS = 0.2
BATCH_SECONDS = 5.0
_DAY_MS = 86_400_000
_CALLS, _SURVEYS, _EFFECTS, _MESSAGES, _TICKETS = (
    cast("Table", row.__table__) for row in (CallRecordRow, SurveyRow, EffectRow, MessageRow, TicketRow)
)


class Sweeper:
    """Sweeps each hour.

    Args:
        database: migrated.
        clock: for civil times.
        spool: the folder that holds `recordings`.
        records_kept_days: calls that began longer ago go, once they are over; 0 keeps them for ever.
        effects_kept_days: the same for effects and for recordings without an owner.

    """

    def __init__(self, database: Database, clock: Clock, spool: Path, *, records_kept_days: int, effects_kept_days: int) -> None:
        self._database = database
        self._clock = clock
        self._recordings = spool / "recordings"
        self._records_ms = records_kept_days * _DAY_MS
        self._effects_ms = effects_kept_days * _DAY_MS
        self.log = structlog.get_logger("retention")

    async def run(self) -> None:
        """Sweep until cancelled. A database that is away is asked again an hour later."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                swept = await self.sweep()
                if any(swept.values()):
                    self.log.info("swept", **swept)
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                self.log.warning("sweep_failed", reason=type(error).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def close(self, _seconds: float) -> None:
        """Nothing is left to do: what was not swept is swept by the next server."""

    async def sweep(self) -> dict[str, int]:
        """Sweep once; return how many of each went. Raises SQLAlchemyError, OSError, TimeoutError."""
        now_ms, swept = self._clock.wall_ms(), {}
        if self._records_ms:
            before = now_ms - self._records_ms
            over = _CALLS.c.ended_at_ms.is_not(None) & (_CALLS.c.started_at_ms < before)
            swept["calls"] = await self._delete(_CALLS, "call", over)
            swept["legs"] = await self._delete(LEGS, "leg", LEGS.c.ended_at_ms.is_not(None) & (LEGS.c.entered_at_ms < before))
            swept["scores"] = await self._delete(_SURVEYS, "id", _SURVEYS.c.created_at_ms < before)
        if self._effects_ms:
            swept["effects"] = await self._delete(_EFFECTS, "key", _EFFECTS.c.created_at_ms < now_ms - self._effects_ms)
            swept["recordings"] = await self._sweep_recordings((now_ms - self._effects_ms) / 1000)
        return swept

    async def _delete(self, table: Table, key: str, where: ColumnElement[bool]) -> int:
        """Delete in small transactions, with rests in between for those who have something to write."""
        count = 0
        while True:
            async with asyncio.timeout(BATCH_SECONDS), self._database.writing() as session:
                keys = list((await session.execute(select(table.c[key]).where(where).limit(BATCH))).scalars())
                await session.execute(delete(table).where(table.c[key].in_(keys)))
            count += len(keys)
            if len(keys) < BATCH:
                return count
            await asyncio.sleep(REST_SECONDS)

    async def _sweep_recordings(self, before_seconds: float) -> int:
        old = await asyncio.to_thread(_older_than, self._recordings, before_seconds)
        count = 0
        for begin in range(0, len(old), BATCH):
            batch = {path.stem: path for path in old[begin : begin + BATCH]}
            owned = await self._owned(batch)
            for name in batch.keys() - owned:
                batch[name].unlink(missing_ok=True)
                count += 1
            await asyncio.sleep(REST_SECONDS)
        return count

    async def _owned(self, names: dict[str, Path]) -> set[str]:
        """Those of the recordings that a message or a ticket has."""
        owned: set[str] = set()
        known = [*names, *(f"{name}.wav" for name in names)]
        async with asyncio.timeout(BATCH_SECONDS), self._database.reading() as session:
            for table in (_MESSAGES, _TICKETS):
                found = (await session.execute(select(table.c.recording).where(table.c.recording.in_(known)))).scalars()
                owned |= {str(name).removesuffix(".wav") for name in found}
        return owned


def _older_than(folder: Path, before_seconds: float) -> list[Path]:
    """The recordings that were written before (Unix seconds)."""
    return [path for path in folder.glob("*.wav") if path.stat().st_mtime < before_seconds] if folder.is_dir() else []
