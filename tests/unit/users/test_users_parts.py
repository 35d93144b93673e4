"""Passwords, the users' file, sessions, the growing delay, and what each role reaches."""

import asyncio
from pathlib import Path

import pytest

from acd.config import Agent, Policy, Queue
from cti.users.display import make_token, read_token, revoke_token, token_path
from cti.users.file import User, changing_users, read_users
from cti.users.passwords import PasswordChecker, TooBusy, hash_password
from cti.users.patience import FORGOTTEN_SECONDS, LONGEST_SECONDS, Patience
from cti.users.rights import agents_in_reach, queues_in_reach
from cti.users.roles import Role, Scope, Viewer
from cti.users.sessions import Sessions
from cti.users.watched import Watched
from ivr.document import BadDocument

HASH = hash_password("correct horse")
ANNA = User("anna", Role.AGENT, "", "zh", HASH)
LEA = User("lea", Role.TEAM_LEADER, "day", "en", HASH)

# Passwords


@pytest.mark.asyncio
async def test_only_the_right_password_fits():
    checker = PasswordChecker()
    try:
        assert await checker.fits("correct horse", HASH)
        assert not await checker.fits("correct horse ", HASH)
        assert not await checker.fits("correct horse", None)
        assert not await checker.fits("correct horse", "no hash at all")
    finally:
        checker.close()


@pytest.mark.asyncio
async def test_a_flood_of_log_ins_is_refused_and_the_line_stays_short():
    checker = PasswordChecker()
    try:
        answers = await asyncio.gather(*(checker.fits("x", HASH) for _ in range(40)), return_exceptions=True)
    finally:
        checker.close()
    assert sum(isinstance(answer, TooBusy) for answer in answers) == 24
    assert answers.count(False) == 16


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_short_and_endless_passwords_are_refused(password):
    with pytest.raises(ValueError, match="8 to 200 characters"):
        hash_password(password)


# The file


def test_users_are_written_and_read_again(tmp_path):
    path = tmp_path / "run" / "users.yaml"
    with changing_users(path) as users:
        users["anna"], users["lea"] = ANNA, LEA
    assert read_users(path) == {"anna": ANNA, "lea": LEA}
    assert path.stat().st_mode & 0o777 == 0o600
    with changing_users(path) as users:
        del users["anna"]
    assert list(read_users(path)) == ["lea"]
    assert "correct horse" not in path.read_text()


def test_a_change_that_fails_leaves_the_file_alone(tmp_path):
    path = tmp_path / "users.yaml"
    with changing_users(path) as users:
        users["anna"] = ANNA
    with pytest.raises(KeyError), changing_users(path) as users:
        users.pop("anna") and users.pop("nobody")
    assert list(read_users(path)) == ["anna"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("role: agent", "role: boss", "users.yaml:5:5: bad-value"),
        ("  anna:", "  7anna:", "users.yaml:4:3: bad-name"),
        ("language: zh", "langauge: zh", "users.yaml:6:5: unknown-key"),
        ("version: 1", "version: [", "users.yaml:"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(tmp_path, old, new, told):
    path = tmp_path / "users.yaml"
    with changing_users(path) as users:
        users["anna"] = ANNA
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(BadDocument) as refused:
        read_users(path)
    assert told in str(refused.value)
    assert "argon2" not in str(refused.value)


def test_the_server_follows_the_file_and_keeps_the_last_good_one(tmp_path):
    path = tmp_path / "users.yaml"
    watched = Watched(path, read_users, {})
    assert watched() == {}
    with changing_users(path) as users:
        users["anna"] = ANNA
    assert watched() == {"anna": ANNA}
    assert watched() is watched()
    path.write_text("users: [")
    assert watched() == {"anna": ANNA}
    path.unlink()
    assert watched() == {}


# Sessions


def test_a_session_is_known_until_it_expires():
    sessions = Sessions("key")
    text, session = sessions.issue("anna", "stamp", 1000.5, 60)
    assert sessions.read(text, 1059) == session
    assert (session.name, session.stamp, session.expires) == ("anna", "stamp", 1060)
    assert sessions.read(text, 1060) is None


def test_a_forged_session_is_nothing():
    sessions = Sessions("key")
    text, _ = sessions.issue("anna", "stamp", 1000, 60)
    other, _ = Sessions("another key").issue("anna", "stamp", 1000, 60)
    body, _, signature = text.partition(".")
    forged = Sessions("key").issue("boss", "stamp", 1000, 60)[0].partition(".")[0]
    for each in (other, f"{forged}.{signature}", body, f"{body}.", "", ".", "é.ü", "\ud800.x", text * 40, text[:-1]):
        assert sessions.read(each, 1000) is None, each


def test_what_is_signed_but_makes_no_sense_is_nothing():
    sessions = Sessions("key")
    for body in ("AAAA", "!!!!", "W10", "eyJhIjoxfQ"):
        assert sessions.read(f"{body}.{sessions._sign(body)}", 0) is None


def test_an_ended_session_stays_ended_over_a_restart(tmp_path):
    file = tmp_path / "ended"
    sessions = Sessions("key", file)
    (old, older), (text, session) = sessions.issue("anna", "s", 1000, 60), sessions.issue("anna", "s", 1000, 600)
    kept, _ = sessions.issue("anna", "s", 1000, 600)
    sessions.end(older, 1001)
    sessions.end(session, 1100)
    again = Sessions("key", file)
    assert [again.read(each, 1101) is None for each in (old, text, kept)] == [True, True, False]
    assert file.read_text().split() == [session.id, "1600"]  # what has expired need not be remembered


# The growing delay


def test_delays_grow_and_are_forgotten():
    patience = Patience(free=3)
    for _ in range(3):
        assert patience.wait_seconds("anna", 0) == 0
        patience.failed("anna", 0)
    waits = []
    for number in range(12):
        waits.append(patience.wait_seconds("anna", float(number)))
        patience.failed("anna", float(number + 1))
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert max(waits) == LONGEST_SECONDS
    assert patience.wait_seconds("bert", 0) == 0
    assert patience.wait_seconds("anna", 12 + LONGEST_SECONDS) == 0
    patience.failed("anna", 13 + FORGOTTEN_SECONDS)
    assert patience.wait_seconds("anna", 13 + FORGOTTEN_SECONDS) == 0


def test_a_success_forgets_and_a_flood_of_names_costs_no_memory():
    patience = Patience(free=1)
    patience.failed("anna", 0)
    patience.succeeded("anna")
    assert patience.wait_seconds("anna", 0) == 0
    for number in range(20_000):
        patience.failed(f"n{number}", 0)
    assert len(patience._known) == 10_000


# The display's token


def test_the_displays_token_is_made_once_renewed_and_revoked(tmp_path):
    token = make_token(tmp_path, anew=False)
    assert make_token(tmp_path, anew=False) == token == read_token(token_path(tmp_path))
    assert len(token) == 20
    renewed = make_token(tmp_path, anew=True)
    assert renewed != token
    assert token_path(tmp_path).stat().st_mode & 0o077 == 0
    assert revoke_token(tmp_path)
    assert not revoke_token(tmp_path)
    assert not Path(token_path(tmp_path)).exists()


# Reach

POLICY = Policy(
    queues={name: Queue(name) for name in ("a", "b", "c")},
    agents={
        "anna": Agent("anna", queues=("a",), team="day"), "bert": Agent("bert", queues=("b",), team="day"),
        "carl": Agent("carl", queues=("c",), team="night"), "dora": Agent("dora", queues=("c",)),
    },
)  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "viewer", "agents", "queues"),
    [
        (Scope.ALL, Viewer("x", Role.OPERATIONS_MANAGER), "anna bert carl dora", "a b c"),
        (Scope.NONE, Viewer("anna", Role.AGENT, "day"), "", ""),
        (Scope.OWN, Viewer("anna", Role.AGENT, "day"), "anna", "a"),
        (Scope.OWN, Viewer("no agent", Role.AGENT), "", ""),
        (Scope.TEAM, Viewer("lea", Role.TEAM_LEADER, "day"), "anna bert", "a b"),
        (Scope.TEAM, Viewer("carl", Role.TEAM_LEADER, "day"), "anna bert carl", "a b c"),
        (Scope.TEAM, Viewer("lea", Role.TEAM_LEADER), "", ""),  # no team is not the team of those without one
    ],
)
def test_whom_a_scope_means(scope, viewer, agents, queues):
    assert set(agents_in_reach(scope, viewer, POLICY)) == set(agents.split())
    assert set(queues_in_reach(scope, viewer, POLICY)) == set(queues.split())
