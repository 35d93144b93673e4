"""Thin wrappers that count and time what passes through them: AMI actions, backend calls, writes to the store."""

from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from cti.ami.encode import Headers
from cti.ami.errors import ActionRefused, ActionTimeout
from cti.ami.frames import Frame
from cti.ami.switch import Requester
from cti.backends.base import Backend, BackendError
from cti.clock import Clock
from cti.logs import call_of_task
from cti.metrics.axes import BACKEND_OK, HTTP_REQUEST
from cti.metrics.metrics import Metrics
from cti.store.base import Json, Store, StoreDown

Done = TypeVar("Done")


class MeteredRequester:
    """A Requester that times every action that was answered, refused or given up. A lost link is no measure of time."""

    def __init__(self, session: Requester, metrics: Metrics, clock: Clock) -> None:
        self._session = session
        self._metrics = metrics
        self._clock = clock

    def request(
        self, action: str, headers: Headers = (), *, is_list: bool = False, action_id: str | None = None, timeout_seconds: float = 5.0
    ) -> Awaitable[list[Frame]]:  # fmt: skip
        """See Requester.request; what it raises at once is raised at once."""
        answer = self._session.request(
            action, headers, is_list=is_list, action_id=action_id, timeout_seconds=timeout_seconds
        )
        return self._timed(action, answer, self._clock.now())

    async def _timed(self, action: str, answer: Awaitable[list[Frame]], began: float) -> list[Frame]:
        try:
            frames = await answer
        except (ActionRefused, ActionTimeout):
            self._metrics.ami_action(action, self._clock.now() - began)
            raise
        self._metrics.ami_action(action, self._clock.now() - began)
        return frames


class MeteredBackend:
    """A Backend that counts each call by its result and times it."""

    def __init__(self, name: str, backend: Backend, metrics: Metrics, clock: Clock) -> None:
        self._name = name
        self._backend = backend
        self._metrics = metrics
        self._clock = clock

    async def call(
        self, operation: str, arguments: Mapping[str, Any], *, idempotency_key: str | None = None, timeout_seconds: float
    ) -> dict[str, Any]:  # fmt: skip
        """See Backend.call. Requests of `http` steps, named by flow and step, are counted as one operation."""
        label = HTTP_REQUEST if "/" in operation else operation
        began = self._clock.now()
        try:
            reply = await self._backend.call(
                operation, arguments, idempotency_key=idempotency_key, timeout_seconds=timeout_seconds
            )
        except BackendError as error:
            self._metrics.backend_called(self._name, label, error.reason.value, self._clock.now() - began, call_of_task())
            raise
        self._metrics.backend_called(self._name, label, BACKEND_OK, self._clock.now() - began, call_of_task())
        return reply

    async def ping(self, timeout_seconds: float) -> None:
        """See Backend.ping; not counted."""
        await self._backend.ping(timeout_seconds)

    async def close(self) -> None:
        """See Backend.close."""
        await self._backend.close()


class MeteredStore:
    """A Store that counts and times what it does, and what it could not do."""

    def __init__(self, store: Store, metrics: Metrics, clock: Clock) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock

    async def _used(self, operation: str, done: Awaitable[Done], *, write: bool = True) -> Done:
        began = self._clock.now()
        try:
            result = await done
        except StoreDown:
            self._metrics.store_used(operation, self._clock.now() - began, ok=False)
            if write:
                self._metrics.store_write_failed()
            raise
        self._metrics.store_used(operation, self._clock.now() - began, ok=True)
        return result

    async def put(self, namespace: str, key: str, value: Json, *, expires_in_seconds: float | None = None) -> None:
        """See Store.put."""
        await self._used("put", self._store.put(namespace, key, value, expires_in_seconds=expires_in_seconds))

    async def get(self, namespace: str, key: str) -> Json:
        """See Store.get."""
        return await self._used("get", self._store.get(namespace, key), write=False)

    async def delete(self, namespace: str, key: str) -> None:
        """See Store.delete."""
        await self._used("delete", self._store.delete(namespace, key))

    async def items(self, namespace: str) -> dict[str, Json]:
        """See Store.items."""
        return await self._used("items", self._store.items(namespace), write=False)

    async def increment(self, namespace: str, key: str, *, expires_in_seconds: float, amount: int = 1) -> int:
        """See Store.increment."""
        return await self._used("increment", self._store.increment(namespace, key, expires_in_seconds=expires_in_seconds, amount=amount))

    async def compare_and_set(
        self, namespace: str, key: str, expected: Json, new: Json, *, expires_in_seconds: float | None = None
    ) -> bool:
        """See Store.compare_and_set."""
        changed = self._store.compare_and_set(namespace, key, expected, new, expires_in_seconds=expires_in_seconds)
        return await self._used("compare_and_set", changed)

    async def put_generation(
        self, namespace: str, key: str, generation: int, value: Json, *, expires_in_seconds: float | None = None
    ) -> bool:
        """See Store.put_generation."""
        written = self._store.put_generation(namespace, key, generation, value, expires_in_seconds=expires_in_seconds)
        return await self._used("put_generation", written)

    async def get_generation(self, namespace: str, key: str) -> tuple[int, Json] | None:
        """See Store.get_generation."""
        return await self._used("get_generation", self._store.get_generation(namespace, key), write=False)

    async def ping(self) -> None:
        """See Store.ping; not counted."""
        await self._store.ping()

    async def close(self) -> None:
        """See Store.close."""
        await self._store.close()
