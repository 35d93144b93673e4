"""`hotline user` and `hotline wallboard` as a person runs them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cti.cli.main import build_app
from cti.users.file import read_users
from cti.users.passwords import PasswordChecker

CONFIG = Path(__file__).parents[3] / "config"
PASSWORD = "correct horse"


@pytest.fixture
def run(tmp_path):
    settings = tmp_path / "hotline.yaml"
    settings.write_text(
        f"ami: {{events_secret: x, actions_secret: y}}\nhttp: {{port: 34001, token: a-token-for-tests-only}}\nrun_dir: {tmp_path / 'run'}\nconfig_dir: {CONFIG}\n"
    )

    def command(*arguments, typed=None):
        result = CliRunner().invoke(build_app(), [*arguments, "--settings", str(settings)], input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    command.users = lambda: read_users(tmp_path / "run" / "users.yaml")
    command.folder = tmp_path / "run"
    return command


def add(run, *arguments, typed=f"{PASSWORD}\n"):
    return run("user", "add", *arguments, "--password-stdin", typed=typed)


@pytest.mark.asyncio
async def test_users_are_added_listed_changed_and_removed(run):
    assert run("user", "list") == (0, "nobody may log in yet: hotline user add NAME --role operations_manager\n")
    assert add(run, "boss", "--role", "operations_manager", "--language", "en") == (0, "boss: added as operations manager\n")
    assert add(run, "lea", "--role", "team_leader", "--team", "billing_team") == (0, "lea: added as team leader of billing_team\n")
    assert add(run, "agent01", "--role", "agent")[0] == 0
    status, listed = run("user", "list")
    assert (status, [name in listed for name in ("boss", "lea", "billing_team", "agent01")]) == (0, [True] * 4)
    assert "argon2" not in listed
    old = run.users()["lea"].password_hash
    assert run("user", "password", "lea", "--password-stdin", typed="another horse\n") == (0, "lea: password changed\n")
    checker = PasswordChecker()
    assert await checker.fits("another horse", run.users()["lea"].password_hash)
    assert not await checker.fits("another horse", old)
    checker.close()
    assert run("user", "remove", "lea") == (0, "lea: removed\n")
    assert list(run.users()) == ["boss", "agent01"]


@pytest.mark.parametrize(
    ("arguments", "typed", "told"),
    [
        (("x y", "--role", "agent"), PASSWORD, "is no usable name"),
        (("nobody", "--role", "agent"), PASSWORD, "there is no agent 'nobody'"),
        (("lea", "--role", "team_leader"), PASSWORD, "needs --team"),
        (("lea", "--role", "team_leader", "--team", "night"), PASSWORD, "billing_team, faults_team"),
        (("boss", "--role", "operations_manager", "--team", "billing_team"), PASSWORD, "for team leaders"),
        (("boss", "--role", "operations_manager"), "short", "8 to 200 characters"),
        (("boss", "--role", "operations_manager"), "", "8 to 200 characters"),
        (("boss", "--role", "king"), PASSWORD, "operations_manager"),
    ],
)
def test_what_does_not_fit_is_told_with_its_cure(run, arguments, typed, told):
    status, output = add(run, *arguments, typed=typed)
    assert status == 2
    assert told in output
    assert run.users() == {}


def test_a_name_is_taken_once_and_must_be_known_to_be_changed(run):
    add(run, "boss", "--role", "operations_manager")
    assert add(run, "boss", "--role", "operations_manager")[0] == 2
    assert run("user", "remove", "nobody") == (2, "there is no user 'nobody'; there are boss\n")
    assert run("user", "password", "nobody", "--password-stdin", typed=PASSWORD)[0] == 2


def test_a_broken_file_is_told_with_its_place(run):
    add(run, "boss", "--role", "operations_manager")
    path = run.folder / "users.yaml"
    path.write_text(path.read_text().replace("operations_manager", "king"))
    status, output = run("user", "list")
    assert (status, "users.yaml:5:5" in output) == (2, True)


def test_the_displays_link_is_printed_renewed_and_revoked(run):
    status, link = run("wallboard", "token")
    assert (status, link.startswith("http://127.0.0.1:34001/wallboard?token=")) == (0, True)
    assert run("wallboard", "token") == (0, link)
    assert run("wallboard", "token", "--new")[1] != link
    assert run("wallboard", "token", "--revoke") == (0, "the display's link is worth nothing any more\n")
    assert run("wallboard", "token", "--revoke") == (0, "there was no display link\n")
    assert run("wallboard", "token", "--new", "--revoke")[0] == 2
