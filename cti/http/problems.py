"""Errors as RFC 9457 problem documents, whoever raised them."""

import http
import json
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from cti.http.models import Fault, Problem

MEDIA = "application/problem+json"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refusal(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self, status: int, detail: str, errors: tuple[Fault, ...] = (), headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


def problem_response(refusal: Refusal) -> web.Response:
    """Return the answer that says it."""
    problem = Problem(
        title=http.HTTPStatus(refusal.status).phrase, status=refusal.status, detail=refusal.detail, errors=list(refusal.errors)
    )  # fmt: skip
    text = json.dumps(problem.model_dump(mode="json"), ensure_ascii=False)
    return web.Response(status=refusal.status, text=text, content_type=MEDIA, headers=refusal.headers)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into a problem document; an unforeseen one is logged and tells nothing of the inside."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return problem_response(refusal)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return problem_response(
            Refusal(405, f"{error.method} is not possible here, only {allowed}", headers={"Allow": allowed})
        )
    except web.HTTPNotFound:
        return problem_response(Refusal(404, "there is nothing at this address; /docs lists what there is"))
    except web.HTTPRequestEntityTooLarge:
        return problem_response(Refusal(413, "the body is longer than 64 KB"))
    except web.HTTPError as error:
        return problem_response(Refusal(error.status, error.reason))
    except Exception:  # noqa: BLE001 - the top frame of one request: its fault must not end the server
        structlog.get_logger("http").exception("request_failed", method=request.method, path=request.path)
        return problem_response(Refusal(500, "the server failed at this; its log says why"))
