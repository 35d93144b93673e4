"""A service that `http` steps may reach: the flow writes the request, the configuration says where it goes and who asks."""

from collections.abc import Callable, Mapping
from typing import Any

from cti.backends.base import BackendError, BackendInvalid, Revealable, reveal
from cti.backends.guard import Guard
from cti.backends.http import checked_key
from cti.backends.wire import FAILURES, HttpAddress, Request, Wire, refuse_by_status

ASKING = ("GET", "HEAD")
METHODS = (*ASKING, "POST", "PUT", "PATCH", "DELETE")
_ARGUMENTS = frozenset({"method", "path", "query", "headers", "body", "statuses", "reply"})


class HttpService:
    """`cti.backends.base.Backend` whose operation is any request below one address.

    Arguments: `method`, `path` (percent-encoded, from `/`), and where wanted `query` and `headers` (texts), `body` (JSON-like, secrets
    wrapped), `statuses` that are no failure beside 200 to 299, and `reply`, whether the body of an answer is read. The reply is
    `{status, body}`; what the body holds is for the flow to check.

    Args:
        name: of the service, for messages.
        address: where it is.

    """

    def __init__(self, name: str, address: HttpAddress) -> None:
        self._wire = Wire(address)
        self._guard = Guard(f"the service {name}", FAILURES)

    async def call(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        """See `Backend.call`. A method that changes something needs a key."""
        request = _request(operation, arguments, idempotency_key)
        others = frozenset(arguments.get("statuses", ()))
        work = self._asked(operation, request, others, reads=bool(arguments.get("reply")), seconds=timeout_seconds)
        return await self._guard.run(work, timeout_seconds)

    async def ping(self, timeout_seconds: float) -> None:
        """See `Backend.ping`: any answer of the server is a sign of life."""
        await self._guard.run(self._wire.sign_of_life(timeout_seconds), timeout_seconds)

    async def close(self) -> None:
        """See `Backend.close`."""
        await self._wire.close()
        await self._guard.drain()

    async def _asked(
        self, operation: str, request: Request, others: frozenset[int], *, reads: bool, seconds: float
    ) -> dict[str, Any]:
        fine = _fine(others)
        try:
            answer = await self._wire.exchange(
                request, seconds, lambda status: reads and fine(status) and status not in others
            )
            refuse_by_status(answer.status, fine)
            body = answer.json() if reads and answer.status not in others else None
        except BackendError as error:
            raise type(error)(f"{operation}: {error}") from None
        return {"status": answer.status, "body": body}


def _request(operation: str, arguments: Mapping[str, Any], key: str | None) -> Request:
    method, path = str(arguments.get("method")), str(arguments.get("path"))
    headers = {name: _line(operation, text) for name, text in arguments.get("headers", {}).items()}
    if method not in METHODS or not path.startswith("/") or set(arguments) - _ARGUMENTS:
        raise BackendInvalid(f"{operation}: this is no request of an http step")
    if key is None and method not in ASKING:
        raise BackendInvalid(f"{operation}: {method} changes something and needs an idempotency key")
    return Request(
        method,
        path,
        query=arguments.get("query", {}),
        headers={**headers, **checked_key(operation, key)},
        body=_revealed(arguments.get("body")),
        repeatable=True,  # asking changes nothing, and what changes something has a key
    )


def _fine(others: frozenset[int]) -> Callable[[int], bool]:
    return lambda status: 200 <= status < 300 or status in others


def _revealed(value: Any) -> Any:
    """Return a body with its secrets in plain, for the wire only."""
    if isinstance(value, Mapping):
        return {name: _revealed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_revealed(item) for item in value]
    return reveal(value) if isinstance(value, Revealable) else value


def _line(operation: str, text: object) -> str:
    """Return a header's value; raises BackendInvalid for one that would break the line or the header."""
    line = str(text)
    if not (line.isascii() and line.isprintable()) or len(line) > 1000:
        raise BackendInvalid(f"{operation}: a header's value has up to 1000 printable ASCII characters")
    return line
