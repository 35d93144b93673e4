"""A gateway for text messages over HTTP: `POST <url>` with a JSON object of the operator's own form."""

import json
import re
from collections.abc import Mapping
from typing import Any

from cti.backends.base import BackendInvalid
from cti.backends.http import checked_key
from cti.backends.text_messages import SEND_SMS, Message
from cti.backends.wire import FAILURES, HttpAddress, Request, Wire, refuse_by_status

_HOLE = re.compile(r"\$\{([^}]*)\}")
HOLES = ("number", "text", "language", "key")
NEEDED = ("number", "text")


class HttpCarrier:
    """`cti.backends.gateway.Carrier` over HTTP. The key travels as `Idempotency-Key`, and where the form has `${key}`.

    Args:
        address: where messages are posted to.
        fields: the form of the body, with `${number}`, `${text}`, `${language}`, `${key}` in its texts.
        success: fields the answer's JSON must have with these values; none: any status of 200 to 299 will do.

    """

    failures = (*FAILURES, TimeoutError)

    def __init__(self, address: HttpAddress, fields: Mapping[str, Any], success: Mapping[str, str]) -> None:
        self._wire = Wire(address)
        self._fields = fields
        self._success = success

    async def carry(self, message: Message, seconds: float) -> None:
        """See `Carrier.carry`."""
        body = _filled(self._fields, message)
        request = Request("POST", "", headers=checked_key(SEND_SMS, message.key), body=body, repeatable=True)
        answer = await self._wire.exchange(request, seconds, lambda status: bool(self._success) and _is_ok(status))
        refuse_by_status(answer.status, _is_ok)
        if self._success:
            self._check(answer.json())

    async def ping(self, seconds: float) -> None:
        """See `Carrier.ping`: any answer is a sign of life."""
        await self._wire.sign_of_life(seconds)

    async def close(self) -> None:
        """See `Carrier.close`."""
        await self._wire.close()

    def _check(self, told: object) -> None:
        answer = told if isinstance(told, Mapping) else {}
        wrong = [name for name, value in self._success.items() if _word(answer.get(name)) != value]
        if wrong:
            raise BackendInvalid(f"the gateway did not take the message: {', '.join(wrong)} is not as configured")


def holes_of(fields: object) -> frozenset[str]:
    """Return the names of all `${…}` in a form."""
    return frozenset(_HOLE.findall(json.dumps(fields, ensure_ascii=False)))


def _filled(form: Any, message: Message) -> Any:
    if isinstance(form, Mapping):
        return {name: _filled(value, message) for name, value in form.items()}
    if isinstance(form, list):
        return [_filled(item, message) for item in form]
    return _HOLE.sub(lambda hole: str(getattr(message, hole[1])), form) if isinstance(form, str) else form


def _is_ok(status: int) -> bool:
    return 200 <= status < 300


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
