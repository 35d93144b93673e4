"""What a scripted caller is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ivr.document import Position, Scalar
from ivr.events import FailReason


class Act(StrEnum):
    """One thing a scripted caller does, or notices; the word is the key in the file."""

    HEAR = "hear"
    HEAR_NOT = "hear_not"
    PRESS = "press"
    PRESS_QUICKLY = "press_quickly"
    SILENCE = "silence"
    QUEUE = "queue"
    DIAL = "dial"
    SPEAK = "speak"
    HANG_UP = "hang_up"


@dataclass(frozen=True, slots=True)
class Action:
    """One line of a caller's script: what, with what (keys, words, an outcome), and where it is written."""

    act: Act
    text: str
    place: Position


@dataclass(frozen=True, slots=True)
class Case:
    """A reply of a backend for calls whose arguments are as in `when`; `status` is for requests over HTTP."""

    when: Mapping[str, str]
    reply: Mapping[str, Any] | FailReason
    status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One scripted call.

    Attributes:
        name: what it is called.
        place: where it is written.
        at: wall-clock time of the call, with its zone.
        caller, called: telephone numbers.
        language: chosen before the call, or None.
        entry: the flow the call begins in.
        cases: replies by operation; where none fits, the backend is unavailable.
        hours: plans that are `open` or `closed` in this call, whatever the clock says.
        actions: what the caller does and hears, in order.
        path: `flow/step` names that must be passed in this order; others may lie between.
        effects: how often each operation must have been done in the end; a call sent again with the same key counts once.
        end: the outcome wanted (`completed`, `abandoned`, `failed`, `waiting`), or None.
        reason: the reason wanted, or None.

    """

    name: str
    place: Position
    at: datetime
    caller: str
    called: str
    language: str | None
    entry: str
    cases: Mapping[str, tuple[Case, ...]]
    actions: tuple[Action, ...]
    hours: Mapping[str, str] = field(default_factory=dict)
    path: tuple[Scalar, ...] = ()
    effects: Mapping[str, tuple[int, Position]] = field(default_factory=dict)
    end: Scalar | None = None
    reason: Scalar | None = None
