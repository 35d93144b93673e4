"""Makes one report in a process of its own, at low priority, so that no call waits for it; `cti.report.desk` starts it.

Asked on stdin as JSON, answers on stdout as JSON. Ends with status 2 and a sentence on stderr when that cannot be done.
"""

import asyncio
import json
import os
import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from cti.config import read_policy
from cti.database import Database
from cti.report.document import Document
from cti.report.making import make
from cti.report.periods import PeriodKind, period_of
from ivr.document import BadDocument

_POLITE = 10


async def _made(asked: dict[str, str]) -> Document:
    policy = read_policy(Path(asked["config"])).policy
    period = period_of(PeriodKind(asked["kind"]), date.fromisoformat(asked["date"]))
    database = Database(asked["database_url"])
    try:
        return await make(database, policy, period, ZoneInfo(asked["zone"]), language=asked["language"], queue=asked["queue"])
    finally:
        await database.close()


def main() -> int:
    """Make the report asked for on stdin; return the exit status."""
    os.nice(_POLITE)
    try:
        told = asyncio.run(_made(json.load(sys.stdin)))
    except BadDocument as bad:
        sys.stderr.write(f"{str(bad).splitlines()[0]}\n")
        return 2
    except (SQLAlchemyError, OSError) as error:
        sys.stderr.write(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}\n")
        return 2
    json.dump(told, sys.stdout, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
