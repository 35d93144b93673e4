"""Who somebody is, by what he brings: the API's token, the display's token, or the cookie of a session he logged in for."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import structlog

from acd.config import Policy
from cti.clock import Clock
from cti.supervisor.secrets import secret
from cti.users.display import read_token, token_path
from cti.users.file import FILE, User, read_users
from cti.users.passwords import PasswordChecker
from cti.users.patience import Patience
from cti.users.roles import Role, Viewer
from cti.users.sessions import DISPLAY_SECONDS, PERSON_SECONDS, Session, Sessions, stamp_of
from cti.users.watched import Watched

_FREE_BY_NAME = 4
_FREE_BY_ADDRESS = 20
#: who comes with the API's token
API = Viewer("", Role.OPERATIONS_MANAGER)


class WrongPassword(Exception):
    """Name and password do not fit; which of them is not said."""


class WaitFirst(Exception):
    """Too many tries: the next one is possible in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who was recognised; `session` None if he came with a token."""

    viewer: Viewer
    session: Session | None = None


class Access:
    """Recognises people and displays, and lets them log in.

    Args:
        token: the API's.
        users: those who may log in, by name.
        display: the display's token, "" for none.
        sessions: theirs.
        policy: an agent's team is in there.
        clock: for expiry and delays.

    """

    def __init__(
        self, token: str, users: Callable[[], Mapping[str, User]], display: Callable[[], str], sessions: Sessions, policy: Callable[[], Policy], clock: Clock
    ) -> None:
        self._token = token
        self._users = users
        self._display = display
        self._sessions = sessions
        self._policy = policy
        self._clock = clock
        self._checker = PasswordChecker()
        self._names = Patience(_FREE_BY_NAME)
        self._addresses = Patience(_FREE_BY_ADDRESS)
        self.log = structlog.get_logger("access")

    # ---- recognising

    def by_token(self, given: str) -> Known | None:
        """Return who has this bearer token."""
        if _same(given, self._token):
            return Known(API)
        return Known(self._wall()) if self._is_display(given) else None

    def by_cookie(self, text: str) -> Known | None:
        """Return whose session this is, if what it stands on still holds."""
        session = self._sessions.read(text, self._now())
        viewer = None if session is None else self._viewer_of(session)
        return None if viewer is None else Known(viewer, session)

    def _viewer_of(self, session: Session) -> Viewer | None:
        if not session.name:
            token = self._display()
            return self._wall() if token and session.stamp == stamp_of(token) else None
        user = self._users().get(session.name)
        return self._viewer(user) if user is not None and session.stamp == user.stamp else None

    def _viewer(self, user: User) -> Viewer:
        agent = self._policy().agents.get(user.name)
        team = agent.team if user.role is Role.AGENT and agent is not None else user.team
        return Viewer(user.name, user.role, team, user.language)

    @staticmethod
    def _wall() -> Viewer:
        return Viewer("", Role.DISPLAY)

    def _is_display(self, given: str) -> bool:
        token = self._display()
        return bool(token) and _same(given, token)

    # ---- coming and going

    async def log_in(self, name: str, password: str, address: str) -> tuple[str, Known]:
        """Return the text for the cookie, and who it is. Raises WrongPassword, WaitFirst, TooBusy."""
        now = self._clock.now()
        keys = ((self._names, name), (self._addresses, address))
        wait_seconds = max(patience.wait_seconds(key, now) for patience, key in keys)
        if wait_seconds > 0:
            raise WaitFirst(wait_seconds)
        for patience, key in keys:  # counted first, so that many tries at once gain nothing
            patience.failed(key, now)
        user = self._users().get(name)
        fits: bool | None = None
        try:
            fits = await self._checker.fits(password, None if user is None else user.password_hash)
        finally:
            if fits is None:  # nobody looked at the password: too busy, or the browser went away
                for patience, key in keys:
                    patience.take_back(key)
        if not fits or user is None:
            self.log.warning("log_in_refused", address=address)  # the name may be a password typed into the wrong field
            raise WrongPassword
        self._names.succeeded(name)
        self._addresses.take_back(address)  # an own password shall not buy tries at others
        self.log.info("logged_in", user=user.name, role=user.role.value, address=address)
        text, session = self._sessions.issue(user.name, user.stamp, self._now(), PERSON_SECONDS)
        return text, Known(self._viewer(user), session)

    def log_in_display(self, given: str) -> str | None:
        """Return the text for the cookie of a wall display; None when the token is not the present one."""
        if not self._is_display(given):
            return None
        return self._sessions.issue("", stamp_of(self._display()), self._now(), DISPLAY_SECONDS)[0]

    def log_out(self, session: Session) -> None:
        """End a session."""
        self._sessions.end(session, self._now())

    def still(self, session: Session, viewer: Viewer) -> bool:
        """Whether a session that was good still is, and still is this viewer's."""
        return session.expires > self._now() and not self._sessions.has_ended(session) and self._viewer_of(session) == viewer

    def close(self) -> None:
        """Give the threads back."""
        self._checker.close()

    def _now(self) -> float:
        return self._clock.wall_ms() / 1000


def open_access(run_dir: Path, token: str, policy: Callable[[], Policy], clock: Clock) -> Access:
    """Return the access whose files are in the run folder. Where it may not be written, sessions end with the process."""
    users: Watched[Mapping[str, User]] = Watched(run_dir / FILE, read_users, {})
    display = Watched(token_path(run_dir), read_token, "")
    folder = run_dir / "secrets"
    try:
        sessions = Sessions(secret(folder, "session-key"), folder / "ended-sessions")
    except OSError as error:
        structlog.get_logger("access").warning("session_key_not_kept", folder=str(folder), reason=error.strerror)
        sessions = Sessions(token_hex(32))
    return Access(token, users, display, sessions, policy, clock)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())
