"""Logging in and out, and who is logged in."""

import math
from datetime import UTC, datetime

from aiohttp import hdrs, web

from cti.http.deps import ApiDeps
from cti.http.gate import COOKIE, KNOWN, check_origin
from cti.http.models import LogInRequest, SessionEnded, SessionView
from cti.http.operations import json_response, operation
from cti.http.problems import Refusal
from cti.users.access import Known, WaitFirst, WrongPassword
from cti.users.passwords import TooBusy
from cti.users.sessions import PERSON_SECONDS


@operation("POST", "/api/session", "session", needs_token=False, answer=SessionView, problems=(401, 403, 429, 503))
async def log_in(deps: ApiDeps, request: web.Request, body: LogInRequest) -> web.Response:
    """Log in; the answer sets a cookie for 12 hours.

    After four wrong passwords the next try has to wait, each time longer (429, Retry-After).
    """
    check_origin(request, deps, needed=False)
    try:
        text, known = await deps.access.log_in(body.name, body.password.get_secret_value(), _address(request, deps))
    except WrongPassword as error:
        raise Refusal(401, "name and password do not fit", headers={hdrs.WWW_AUTHENTICATE: "Bearer"}) from error
    except WaitFirst as error:
        seconds = math.ceil(error.seconds)
        raise Refusal(429, f"too many wrong passwords: wait {seconds} s", headers={hdrs.RETRY_AFTER: str(seconds)}) from error
    except TooBusy as error:
        raise Refusal(503, "too many people log in at once: try again in a moment", headers={hdrs.RETRY_AFTER: "2"}) from error
    answer = json_response(_view(known))
    set_cookie(answer, text, PERSON_SECONDS, deps)
    return answer


@operation("GET", "/api/session", "session")
async def show_session(_deps: ApiDeps, request: web.Request) -> SessionView:
    """Who is logged in."""
    return _view(request[KNOWN])


@operation("DELETE", "/api/session", "session", answer=SessionEnded)
async def end_session(deps: ApiDeps, request: web.Request) -> web.Response:
    """Log out; the cookie is worth nothing any more."""
    session = request[KNOWN].session
    if session is not None:
        deps.access.log_out(session)
    answer = json_response(SessionEnded(ended=session is not None))
    answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    return answer


def set_cookie(answer: web.Response, text: str, lasts_seconds: int, deps: ApiDeps) -> None:
    """Give the browser the cookie; no script sees it, and no other site makes the browser send it."""
    secure = deps.public_url.startswith("https://")
    answer.set_cookie(COOKIE, text, max_age=lasts_seconds, path="/", httponly=True, samesite="Strict", secure=secure)


def _address(request: web.Request, deps: ApiDeps) -> str:
    """Return whose tries are counted: behind a proxy (public_url) the one it says it serves, else everybody would be locked out at once."""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() if deps.public_url else ""
    return forwarded[:64] or request.remote or ""


def _view(known: Known) -> SessionView:
    viewer, session = known.viewer, known.session
    expires = None if session is None else datetime.fromtimestamp(session.expires, UTC)
    return SessionView(name=viewer.name, role=viewer.role, team=viewer.team, language=viewer.language, expires_at=expires)
