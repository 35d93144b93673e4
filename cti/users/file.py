"""The file of users: `users.yaml` in the run folder, written by `hotline user`, read by the server when it changes."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field

from cti.config.models import Model
from cti.config.reading import read_file
from cti.users.roles import Role
from cti.users.sessions import stamp_of
from ivr.document import BadDocument, Finding

FILE = "users.yaml"
NAME_RULE = "a name of letters, digits, dot, - and _, beginning with a letter, at most 32 characters"
_HEAD = "# Written by `hotline user`: who may log in on the web. Passwords are kept as hashes (argon2id).\n"
UserName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,31}$", description=NAME_RULE)]


class UserEntry(Model):
    """One user."""

    role: Annotated[Literal["agent", "team_leader", "operations_manager"], Field(description="agent, team_leader or operations_manager")]
    team: Annotated[str, Field(max_length=32, description="the team a team leader leads")] = ""
    language: Annotated[Literal["zh", "en"], Field(description="zh or en")] = "zh"
    password_hash: Annotated[str, Field(min_length=20, max_length=300, description="an argon2 hash; `hotline user password` makes one")]


class UsersFile(Model):
    """users.yaml."""

    version: Literal[1]
    users: Annotated[dict[UserName, UserEntry], Field(description="users by name")]


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in. `team` is that of a team leader; an agent's is in agents.yaml."""

    name: str
    role: Role
    team: str
    language: str
    password_hash: str

    @property
    def stamp(self) -> str:
        """What his sessions stand on."""
        return stamp_of(self.password_hash, self.role.value, self.team)


def read_users(path: Path) -> dict[str, User]:
    """Return the users by name; none when there is no file. Raises BadDocument."""
    if not path.exists():
        return {}
    findings: list[Finding] = []
    source = read_file(path, UsersFile, findings)
    if source is None:
        raise BadDocument(findings)
    return {
        name: User(name, Role(entry.role), entry.team, entry.language, entry.password_hash) for name, entry in source.model.users.items()
    }  # fmt: skip


def write_users(path: Path, users: Mapping[str, User]) -> None:
    """Write the file anew, readable by its owner alone. Raises OSError."""
    entries = {
        user.name: {"role": user.role.value, **({"team": user.team} if user.team else {}), "language": user.language, "password_hash": user.password_hash}
        for user in users.values()
    }
    text = _HEAD + yaml.safe_dump({"version": 1, "users": entries}, allow_unicode=True, sort_keys=False, width=400)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


@contextmanager
def changing_users(path: Path) -> Iterator[dict[str, User]]:
    """Give the users to be changed; they are written at the end. One at a time. Raises BadDocument, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        users = read_users(path)
        yield users
        write_users(path, users)

