"""`hotline user …`: who may log in on the web, and with which role."""

import getpass
import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from cti.cli.asking import SettingsOption
from cti.cli.console import BAD_INPUT, explain, fail, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cti.settings import Settings
    from cti.users.file import User

Name = Annotated[str, typer.Argument(help="the user's name; an agent's is his name in config/agents.yaml", show_default=False)]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="read the password from standard input, one line, instead of asking for it")]
commands = typer.Typer(
    no_args_is_help=True, help="Users of the wallboard and the API: add, list, remove, new password. Example: hotline user add boss --role operations_manager"
)


class RoleChoice(StrEnum):
    """What a user may be; a wall display is no user: `hotline wallboard token`."""

    agent = "agent"
    team_leader = "team_leader"
    operations_manager = "operations_manager"


class LanguageChoice(StrEnum):
    """What the page speaks."""

    zh = "zh"
    en = "en"


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="user")


@commands.command()
def add(
    name: Name,
    role: Annotated[RoleChoice, typer.Option(help="agent: himself; team_leader: his team; operations_manager: everything")],
    team: Annotated[str, typer.Option(help="of a team leader: one of teams in config/agents.yaml")] = "",
    language: Annotated[LanguageChoice, typer.Option(help="what the page speaks to him")] = LanguageChoice.zh,
    password_stdin: FromStdin = False,
    settings: SettingsOption = None,
) -> None:
    """Add a user; asks for his password twice. The running server knows him at once.

    Example: hotline user add lea --role team_leader --team billing_team

    An agent's name must be that of the agent; his team is in agents.yaml.
    """
    from cti.users.file import User  # noqa: PLC0415 - `--help` need not load all this
    from cti.users.roles import Role  # noqa: PLC0415

    loaded = loaded_settings(settings)
    _check(loaded, name, role, team)
    path = _file(loaded)
    with _changed(path) as users:
        if name in users:
            fail(f"there is a user {name!r} already: `hotline user password {name}` changes his password, `hotline user remove {name}` removes him", BAD_INPUT)
        users[name] = User(name, Role(role.value), team, language.value, _hashed(password_stdin))
    say(f"{name}: added as {role.value.replace('_', ' ')}{f' of {team}' if team else ''}")


@commands.command("list")
def list_users(settings: SettingsOption = None) -> None:
    """List the users.

    Example: hotline user list
    """
    table = Table("name", "role", "team", "language")
    with _readable(settings) as users:
        for user in users.values():
            table.add_row(user.name, user.role.value.replace("_", " "), user.team, user.language)
    if not users:
        say("nobody may log in yet: hotline user add NAME --role operations_manager")
        return
    Console().print(table)


@commands.command()
def remove(name: Name, settings: SettingsOption = None) -> None:
    """Remove a user; he is logged out at once.

    Example: hotline user remove lea
    """
    with _changed(_file(loaded_settings(settings))) as users:
        _known(users, name)
        del users[name]
    say(f"{name}: removed")


@commands.command()
def password(name: Name, password_stdin: FromStdin = False, settings: SettingsOption = None) -> None:
    """Give a user a new password; he is logged out everywhere.

    Example: hotline user password lea
    """
    from dataclasses import replace  # noqa: PLC0415

    with _changed(_file(loaded_settings(settings))) as users:
        _known(users, name)
        users[name] = replace(users[name], password_hash=_hashed(password_stdin))
    say(f"{name}: password changed")


def _check(loaded: "Settings", name: str, role: RoleChoice, team: str) -> None:
    """End the program when name, role and team do not fit the configuration."""
    import re  # noqa: PLC0415

    from cti.config import load_policy  # noqa: PLC0415
    from cti.users.file import NAME_RULE  # noqa: PLC0415
    from ivr.document import BadDocument  # noqa: PLC0415

    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,31}", name):
        fail(f"{name!r} is no usable name: use {NAME_RULE}", BAD_INPUT)
    try:
        policy = load_policy(loaded.config_dir)
    except BadDocument as error:
        fail(str(error), BAD_INPUT)
    if role is RoleChoice.agent and name not in policy.agents:
        fail(f"there is no agent {name!r} in {loaded.config_dir}/agents.yaml; there are {', '.join(policy.agents)}", BAD_INPUT)
    if role is RoleChoice.team_leader and team not in policy.teams:
        told = f"there is no team {team!r}" if team else "a team leader needs --team"
        fail(f"{told}; {loaded.config_dir}/agents.yaml has {', '.join(policy.teams) or 'no teams: list them under teams:'}", BAD_INPUT)
    if role is not RoleChoice.team_leader and team:
        fail(f"--team is for team leaders; the team of an agent is in {loaded.config_dir}/agents.yaml", BAD_INPUT)


def _hashed(from_stdin: bool) -> str:
    from cti.users.passwords import hash_password  # noqa: PLC0415

    try:
        if from_stdin:
            return hash_password(sys.stdin.readline().rstrip("\r\n"))
        first = getpass.getpass("Password: ")
        if first != getpass.getpass("The same again: "):
            fail("the two passwords differ; nothing was changed", BAD_INPUT)
        return hash_password(first)
    except EOFError:
        fail("no password was given; nothing was changed", BAD_INPUT)
    except ValueError as error:
        fail(str(error), BAD_INPUT)


def _known(users: "dict[str, User]", name: str) -> None:
    if name not in users:
        fail(f"there is no user {name!r}; there are {', '.join(users) or 'none'}", BAD_INPUT)


def loaded_settings(settings: Path | None) -> "Settings":
    """Return the server's settings; ends the program with a message when they cannot be used."""
    from cti.settings import SettingsError, load_settings  # noqa: PLC0415
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415

    try:
        return load_settings(settings or RunSettings().layout.settings)
    except SettingsError as error:
        fail(str(error), BAD_INPUT)
    except ValidationError as error:
        fail(explain(error), BAD_INPUT)


def _file(loaded: "Settings") -> Path:
    from cti.users.file import FILE  # noqa: PLC0415

    return loaded.run_dir / FILE


@contextmanager
def _changed(path: Path) -> "Iterator[dict[str, User]]":
    """Give the users to be changed; ends the program when the file cannot be used."""
    from cti.users.file import changing_users  # noqa: PLC0415
    from ivr.document import BadDocument  # noqa: PLC0415

    try:
        with changing_users(path) as users:
            yield users
    except BadDocument as error:
        fail(str(error), BAD_INPUT)
    except OSError as error:
        fail(f"{path}: {error.strerror}. Run this as the user who runs the server.", BAD_INPUT)


@contextmanager
def _readable(settings: Path | None) -> "Iterator[dict[str, User]]":
    from cti.users.file import read_users  # noqa: PLC0415
    from ivr.document import BadDocument  # noqa: PLC0415

    try:
        yield read_users(_file(loaded_settings(settings)))
    except BadDocument as error:
        fail(str(error), BAD_INPUT)
