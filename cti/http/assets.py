"""The built page of the wallboard: index.html and what it loads, out of the folder `assets` beside this file.

The names of what it loads contain a hash of the content, so browsers may keep these files for ever.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import hdrs, web

from cti.http.deps import ApiDeps
from cti.http.models import WallQuery
from cti.http.operations import operation
from cti.http.problems import Refusal
from cti.http.session_routes import set_cookie
from cti.users.sessions import DISPLAY_SECONDS

FOLDER = Path(__file__).parent / "assets"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_FOR_EVER = "public, max-age=31536000, immutable"
_CURE = "the wallboard's page is not built: build it from web/ (`make web`), or install the hotline from a package that has it"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".html": "text/html", ".json": "application/json"}


class Asset:
    """One file of the page, read once."""

    def __init__(self, path: Path) -> None:
        self.body = path.read_bytes()
        self.media = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.etag = hashlib.sha256(self.body).hexdigest()[:32]


@cache
def assets() -> dict[str, Asset]:
    """Return the files by name; none when the page is not built."""
    return {path.name: Asset(path) for path in FOLDER.glob("*") if path.is_file()}


@operation("GET", "/wallboard", "board", needs_token=False, media=("text/html",), problems=(403, 404), also=(303,))
async def wallboard_page(deps: ApiDeps, request: web.Request, query: WallQuery) -> web.Response:
    """A page for people: the live board. It asks for name and password when nobody is logged in.

    With `token`, of the link that `hotline wallboard token` prints, the browser may show the board for a year, or until the token
    is revoked; it is then sent to the page without it.
    """
    if query.token is not None:
        return _wall(deps, query.token, query.model_dump(include={"language", "theme"}, exclude_none=True))
    return _served(request, "index.html", "no-cache")


@operation("GET", "/login", "board", needs_token=False, media=("text/html",), problems=(404,))
async def login_page(_deps: ApiDeps, request: web.Request) -> web.Response:
    """A page for people: where one logs in."""
    return _served(request, "index.html", "no-cache")


@operation("GET", "/assets/{file}", "board", needs_token=False, media=("text/javascript", "text/css", "image/svg+xml", "font/woff2"), also=(304,))
async def asset(_deps: ApiDeps, request: web.Request, file: str) -> web.Response:
    """What the page loads. Its name changes with its content, so it may be kept for ever."""
    if file == "index.html":
        raise Refusal(404, "there is nothing at this address; the page is /wallboard")
    return _served(request, file, _FOR_EVER)


def _wall(deps: ApiDeps, token: str, looks: Mapping[str, str]) -> web.Response:
    text = deps.access.log_in_display(token)
    if text is None:
        raise Refusal(403, "this link is not valid any more; `hotline wallboard token` prints the present one")
    answer = web.Response(status=303, headers={hdrs.LOCATION: "/wallboard" + (f"?{urlencode(looks)}" if looks else "")})
    set_cookie(answer, text, DISPLAY_SECONDS, deps)
    return answer


def _served(request: web.Request, name: str, keeping: str) -> web.Response:
    found = assets().get(name)
    if found is None:
        raise Refusal(404, _CURE if name == "index.html" else "the page has no such file; load it again")
    headers = {hdrs.CACHE_CONTROL: keeping, hdrs.ETAG: f'"{found.etag}"', "Content-Security-Policy": POLICY}
    if any(known.value in {found.etag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.body, headers=headers, content_type=found.media, charset="utf-8" if found.media.startswith("text/") else None)
