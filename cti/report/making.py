"""Makes a report from a database: reads the period and the one before, and puts them into one document."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acd.config import Policy
from cti.database import Database
from cti.report.document import Asked, Document, document
from cti.report.periods import Period
from cti.report.reading import Progress, gather


async def make(
    database: Database, policy: Policy, period: Period, zone: ZoneInfo, *, language: str, queue: str = "", made_at: datetime | None = None,
    progress: Progress | None = None,
) -> Document:  # fmt: skip
    """Return the report of a period.

    Args:
        database: migrated.
        policy: for names, limits and targets.
        period: which.
        zone: the hotline's.
        language: of labels: `zh` or `en`.
        queue: this one alone; "" for all.
        made_at: now, unless told otherwise.
        progress: told how much of the work is done, 0 to 1.

    Raises:
        SQLAlchemyError, OSError: the database cannot be read.

    """
    at = made_at or datetime.now(UTC)
    tell = progress or (lambda _: None)
    now_ms = int(at.timestamp() * 1000)
    now = await gather(database, period, policy, zone, now_ms=now_ms, queue=queue or None, progress=lambda done: tell(done / 2))
    before = await gather(database, period.before(), policy, zone, now_ms=now_ms, queue=queue or None, progress=lambda done: tell(0.5 + done / 2))
    return document(Asked(period, zone, language, at, queue), now, before)
