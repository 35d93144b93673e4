"""Every command's help ends with a line to copy, and that line names options the command has."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from cti.cli.main import build_app


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands(typer.main.get_command(build_app())))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_each_help_has_an_example_that_fits_the_command(path: tuple[str, ...]) -> None:
    command = ALL[path]
    (example,) = re.findall(r"Example: (.+)", f"{command.help}\n{command.epilog}")
    words = shlex.split(example, comments=True)
    begin = words.index("hotline")
    assert all("=" in word for word in words[:begin]), "only variables before the command"
    assert tuple(words[begin + 1 : begin + 1 + len(path)]) == path
    used = {word for word in words[begin:] if word.startswith("--")}
    assert used <= {name for parameter in command.params for name in parameter.opts}


def test_there_are_commands_to_look_at() -> None:
    assert {("run",), ("try",), ("agent", "login"), ("asterisk", "config"), ("db", "demo")} <= set(ALL)
