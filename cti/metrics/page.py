"""The page for Prometheus, made without standing in the way of calls."""

import asyncio
import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from cti.metrics.series import Form

_SLICE_SECONDS = 0.0015  # a timer that falls due in one slice is served after the next
_OPEN_MEDIA = "application/openmetrics-text"


def wanted_form(accept: str) -> Form:
    """The form a scraper asks for by its Accept header."""
    return Form.OPEN if _OPEN_MEDIA in accept else Form.TEXT


def media_type(form: Form) -> str:
    """The Content-Type of a page."""
    if form is Form.OPEN:
        return f"{_OPEN_MEDIA}; version=1.0.0; charset=utf-8"
    return "text/plain; version=0.0.4; charset=utf-8"


async def rendered(parts: Iterable[str], tail: str) -> bytes:
    """Join the parts of a page, giving way to everybody else each few milliseconds."""
    pieces: list[bytes] = []
    began = time.perf_counter()
    for part in parts:
        pieces.append(part.encode())
        if time.perf_counter() - began > _SLICE_SECONDS:
            await asyncio.sleep(0)
            began = time.perf_counter()
    return b"".join((*pieces, tail.encode()))


def process_lines(registry: CollectorRegistry, form: Form) -> str:
    """CPU, memory and files of this process, by the names every client library gives them; and the end of the page."""
    return (generate_openmetrics if form is Form.OPEN else generate_latest)(registry).decode()
