"""Requests of flows to backends, as spans of the call whose task asks."""

from collections.abc import Mapping
from typing import Any

from cti.backends.base import Backend
from cti.logs import call_of_task
from cti.tracing.port import CallSpans


class TracedBackend:
    """A Backend that puts each call into a span. Which call of the hotline asks is known from the task's log context."""

    def __init__(self, name: str, backend: Backend, spans: CallSpans) -> None:
        self._name = name
        self._backend = backend
        self._spans = spans

    async def call(
        self, operation: str, arguments: Mapping[str, Any], *, idempotency_key: str | None = None, timeout_seconds: float
    ) -> dict[str, Any]:  # fmt: skip
        """See Backend.call."""
        with self._spans.request(call_of_task(), self._name, operation):
            return await self._backend.call(operation, arguments, idempotency_key=idempotency_key, timeout_seconds=timeout_seconds)

    async def ping(self, timeout_seconds: float) -> None:
        """See Backend.ping; not traced."""
        await self._backend.ping(timeout_seconds)

    async def close(self) -> None:
        """See Backend.close."""
        await self._backend.close()
