"""Puts the operations together: who may do what, headers, limits, and the description of it all."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence

from aiohttp import hdrs, web

from cti.http.board_routes import HUB, keep_counting, make_hub
from cti.http.deps import ApiDeps
from cti.http.every_operation import operation
from cti.http.flow_page import SCRIPT_HASH, STYLE_HASHES
from cti.http.gate import guarded
from cti.http.openapi import document
from cti.http.operations import DEPS, JSON, Operation, as_handler
from cti.http.page import STYLE_HASH, render
from cti.http.problems import problems
from cti.report.style import STYLE_HASH as REPORT_STYLE_HASH

LARGEST_BODY = 64 * 1024
_STYLES = " ".join(f"'{each}'" for each in (STYLE_HASH, *STYLE_HASHES, REPORT_STYLE_HASH))
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_STYLES}; script-src '{SCRIPT_HASH}'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    hdrs.CACHE_CONTROL: "no-store",
    hdrs.SERVER: "hotline",
}
#: what a page may say otherwise
_OWN_HEADERS = ("Content-Security-Policy", hdrs.CACHE_CONTROL)


def make_app(deps: ApiDeps) -> web.Application:
    """Return the application; it holds no state of its own."""
    app = web.Application(middlewares=[problems], client_max_size=LARGEST_BODY)
    app[DEPS] = deps
    for declared in operation.all:
        handler = as_handler(declared)
        app.router.add_route(
            declared.method, declared.path, guarded(declared, handler, deps) if declared.needs_token else handler
        )
    _describe(app, operation.all, deps.version)
    app.on_response_prepare.append(_add_headers)
    app[HUB] = make_hub(deps)
    app.cleanup_ctx.append(_board_kept)
    app.on_shutdown.append(_let_viewers_go)
    return app


async def _board_kept(app: web.Application) -> AsyncIterator[None]:
    """Make boards, and count for the next ones, while the application runs."""
    tasks = [asyncio.create_task(app[HUB].run(), name="board"), asyncio.create_task(keep_counting(app[DEPS]), name="board's trend")]
    yield
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _let_viewers_go(app: web.Application) -> None:
    app[HUB].close()


def _describe(app: web.Application, operations: Sequence[Operation], version: str) -> None:
    described = document(operations, version)
    text, page = json.dumps(described, ensure_ascii=False, indent=1), render(described)

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=JSON)

    async def docs(_request: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    app.router.add_route("GET", "/api/openapi.json", openapi)
    app.router.add_route("GET", "/docs", docs)


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    own = {name: response.headers[name] for name in _OWN_HEADERS if name in response.headers}
    response.headers.update({**_HEADERS, **own})
