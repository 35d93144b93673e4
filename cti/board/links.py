"""Whether database and store can be reached, asked now and then, for the board."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from cti.board.document import Links
from cti.database.engine import Database
from cti.store.base import Namespace, Store, StoreDown

ASK_SECONDS = 5.0
ANSWER_SECONDS = 2.0


class LinkWatch:
    """Asks both every ASK_SECONDS, each with a deadline.

    Args:
        database, store: who is asked.
        ami: whether both links to Asterisk are up; asked when the board is made.

    """

    def __init__(self, database: Database, store: Store, ami: Callable[[], bool]) -> None:
        self._database = database
        self._store = store
        self._ami = ami
        self._database_up = True
        self._store_up = True

    def links(self) -> Links:
        """Return how things stood when last asked."""
        return Links(ami=self._ami(), database=self._database_up, store=self._store_up)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ask while this context is open."""
        task = asyncio.create_task(self._run(), name="links of the board")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await self.ask()
            await asyncio.sleep(ASK_SECONDS)

    async def ask(self) -> None:
        """Ask both now."""
        self._database_up, self._store_up = await asyncio.gather(self._database_answers(), self._store_answers())

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._database.reading() as session:
                await session.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError, TimeoutError):
            return False
        return True

    async def _store_answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._store.get(Namespace.OWNER, "board")
        except (StoreDown, TimeoutError):
            return False
        return True
