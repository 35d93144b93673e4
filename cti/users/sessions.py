"""Sessions as signed texts for a cookie: who, until when, and under which credentials. Nothing is kept of them but those that were ended.

The stamp is a hash of what the session stands on (the user's password hash, role and team; the display's token): when that
changes, the session is over.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

#: of a person: a long shift
PERSON_SECONDS = 12 * 3600
#: of a wall display, which nobody logs in again
DISPLAY_SECONDS = 365 * 86_400
_LONGEST_TEXT = 1024


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie says. `name` is "" for a wall display; `expires` is UTC seconds."""

    id: str
    name: str
    stamp: str
    expires: int


def stamp_of(*parts: str) -> str:
    """Return the stamp of what a session stands on."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


class Sessions:
    """Makes, reads and ends sessions.

    Args:
        key: signs them; whoever has it can be anybody.
        ended: a file that remembers ended sessions over a restart until they would have expired; None remembers in memory alone.

    """

    def __init__(self, key: str, ended: Path | None = None) -> None:
        self._key = key.encode()
        self._file = ended
        self._ended: dict[str, int] = {}
        self.log = structlog.get_logger("sessions")
        if ended is not None:
            self._read_ended(ended)

    def issue(self, name: str, stamp: str, now: float, lasts_seconds: int) -> tuple[str, Session]:
        """Return a new session's text for the cookie, and the session. `now` is UTC seconds."""
        session = Session(secrets.token_hex(8), name, stamp, int(now) + lasts_seconds)
        body = base64.urlsafe_b64encode(json.dumps(asdict(session)).encode()).decode().rstrip("=")
        return f"{body}.{self._sign(body)}", session

    def read(self, text: str, now: float) -> Session | None:
        """Return the session of a cookie's text; None when it is forged, damaged, expired or ended."""
        body, _, signature = text.partition(".")
        if len(text) > _LONGEST_TEXT or not hmac.compare_digest(signature.encode("utf-8", "replace"), self._sign(body).encode()):
            return None
        try:
            session = Session(**json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))
        except (binascii.Error, ValueError, TypeError):
            return None  # signed by an older form of this program
        return None if session.expires <= now or session.id in self._ended else session

    def end(self, session: Session, now: float) -> None:
        """End a session; its cookie is worth nothing any more."""
        self._ended = {each: expires for each, expires in self._ended.items() if expires > now} | {session.id: session.expires}
        if self._file is None:
            return
        try:
            self._file.write_text("".join(f"{each} {expires}\n" for each, expires in self._ended.items()), encoding="ascii")
        except OSError as error:
            self.log.warning("ended_sessions_not_kept", reason=error.strerror)

    def has_ended(self, session: Session) -> bool:
        """Whether it was ended before its time."""
        return session.id in self._ended

    def _read_ended(self, file: Path) -> None:
        try:
            lines = file.read_text(encoding="ascii").splitlines()
        except (OSError, UnicodeDecodeError):
            return  # there are none yet
        pairs = (line.split(" ") for line in lines if line.count(" ") == 1)
        self._ended = {each: int(expires) for each, expires in pairs if expires.isdecimal()}

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
