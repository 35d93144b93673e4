"""Puts the operations together: token, headers, limits, and the description of it all."""

import hmac
import json
from collections.abc import Sequence

from aiohttp import hdrs, web

from cti.http.deps import ApiDeps
from cti.http.every_operation import operation
from cti.http.flow_page import SCRIPT_HASH, STYLE_HASHES
from cti.http.openapi import document
from cti.http.operations import DEPS, JSON, Operation, as_handler
from cti.http.page import STYLE_HASH, render
from cti.http.problems import Handler, Refusal, problems

LARGEST_BODY = 64 * 1024
_STYLES = " ".join(f"'{each}'" for each in (STYLE_HASH, *STYLE_HASHES))
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


def make_app(deps: ApiDeps) -> web.Application:
    """Return the application; it holds no state of its own."""
    app = web.Application(middlewares=[problems], client_max_size=LARGEST_BODY)
    app[DEPS] = deps
    for declared in operation.all:
        handler = as_handler(declared)
        app.router.add_route(
            declared.method, declared.path, _guarded(handler, deps.token) if declared.needs_token else handler
        )
    _describe(app, operation.all, deps.version)
    app.on_response_prepare.append(_add_headers)
    return app


def _guarded(handler: Handler, token: str) -> Handler:
    expected = token.encode()

    async def guarded(request: web.Request) -> web.StreamResponse:
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        genuine = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), expected)
        if scheme.lower() != "bearer" or not genuine:
            raise Refusal(
                401,
                "send the token of the settings (http.token) as Authorization: Bearer …",
                headers={hdrs.WWW_AUTHENTICATE: "Bearer"},
            )
        return await handler(request)

    return guarded


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
    response.headers.update(_HEADERS)
