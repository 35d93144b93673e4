"""The one door to the routing engine."""

from __future__ import annotations

from dataclasses import dataclass

from acd.commands import Command
from acd.facts import Fact


@dataclass(frozen=True, slots=True)
class Handled:
    """What followed from one event: commands to perform in order, and facts to record."""

    commands: tuple[Command, ...]
    facts: tuple[Fact, ...]
