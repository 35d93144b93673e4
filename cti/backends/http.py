"""The second backend: somebody else's service over HTTP/JSON, trusted with nothing.

`POST <base>/<operation>` with the arguments as a JSON object and, for effects, the header `Idempotency-Key`. Answers:
200 with the reply as JSON; 408, 425, 429 and 5xx mean "not now"; everything else is a breach of the contract.
"""

import re
from collections.abc import Mapping
from typing import Any

from cti.backends.base import BackendError, BackendInvalid, reveal
from cti.backends.catalogue import Operation, operation_named
from cti.backends.guard import Guard
from cti.backends.wire import FAILURES, HttpAddress, Request, Wire, refuse_by_status

__all__ = ["HttpAddress", "HttpBackend", "checked_key"]

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class HttpBackend:
    """`cti.backends.base.Backend` over HTTP/JSON; opens its connections at the first call."""

    def __init__(self, address: HttpAddress) -> None:
        self._wire = Wire(address)
        self._guard = Guard("the HTTP backend", FAILURES)

    async def call(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        """See `Backend.call`."""
        entry = operation_named(operation)
        checked = entry.checked_arguments(arguments)
        request = _request(entry, checked, checked_key(operation, idempotency_key))
        return await self._guard.run(self._asked(entry, request, timeout_seconds), timeout_seconds)

    async def ping(self, timeout_seconds: float) -> None:
        """See `Backend.ping`: any answer of the server is a sign of life, so the base address is asked."""
        await self._guard.run(self._wire.sign_of_life(timeout_seconds), timeout_seconds)

    async def close(self) -> None:
        """See `Backend.close`."""
        await self._wire.close()
        await self._guard.drain()

    async def _asked(self, entry: Operation, request: Request, seconds: float) -> dict[str, Any]:
        try:
            answer = await self._wire.exchange(request, seconds, _is_ok)
            refuse_by_status(answer.status, _is_ok)
            raw = answer.json()
        except BackendError as error:
            raise type(error)(f"{entry.name}: {error}") from None
        return entry.checked_reply(raw)


def checked_key(operation: str, key: str | None) -> dict[str, str]:
    """Return the header that carries an idempotency key; raises BackendInvalid for one that no header can carry."""
    if key is None:
        return {}
    if not _KEY.fullmatch(key):
        raise BackendInvalid(f"{operation}: an idempotency key has 1 to 200 printable ASCII characters")
    return {"Idempotency-Key": key}


def _request(entry: Operation, arguments: Mapping[str, Any], headers: Mapping[str, str]) -> Request:
    body = {name: reveal(value) if name in entry.secret else value for name, value in arguments.items()}
    return Request("POST", f"/{entry.name}", headers=headers, body=body, repeatable=bool(headers) or not entry.effect)


def _is_ok(status: int) -> bool:
    return status == 200
