"""The step types, by the word after `type:`. A new one is a file here and a line in `READERS`."""

from collections.abc import Callable, Mapping

from ivr.fields import Form
from ivr.fragments import FORMS as INCLUDE_FORMS
from ivr.fragments import INCLUDE
from ivr.steps.backend import Lookup, Report
from ivr.steps.base import StepType
from ivr.steps.callback import CallbackStep
from ivr.steps.choosing import Branch, Call, GoTo, Hours, Set
from ivr.steps.collect import Collect
from ivr.steps.dial import DialStep
from ivr.steps.http import HttpStep
from ivr.steps.language import LanguageMenu, read_language
from ivr.steps.menu import Confirm, Menu
from ivr.steps.play import Play
from ivr.steps.queue import QueueStep
from ivr.steps.reading import StepReader
from ivr.steps.record import RecordStep
from ivr.steps.say import HangUp, Say
from ivr.steps.sms import SmsStep
from ivr.steps.survey import Survey

READERS: Mapping[str, Callable[[StepReader], StepType]] = {
    "branch": Branch.read,
    "call": Call.read,
    "callback": CallbackStep.read,
    "collect": Collect.read,
    "confirm": Confirm.read,
    "dial": DialStep.read,
    "goto": GoTo.read,
    "hangup": HangUp.read,
    "hours": Hours.read,
    "http": HttpStep.read,
    "language": read_language,
    "lookup": Lookup.read,
    "menu": Menu.read,
    "play": Play.read,
    "queue": QueueStep.read,
    "record": RecordStep.read,
    "report": Report.read,
    "say": Say.read,
    "set": Set.read,
    "sms": SmsStep.read,
    "survey": Survey.read,
}

FORMS: Mapping[str, tuple[Form, ...]] = {
    INCLUDE: INCLUDE_FORMS,
    **{
    step.kind: step.forms
    for step in (
        Branch, Call, CallbackStep, Collect, Confirm, DialStep, GoTo, HangUp, Hours, HttpStep, LanguageMenu, Lookup, Menu, Play, QueueStep, RecordStep, Report, Say,
        Set, SmsStep, Survey,
    )
    },
}  # fmt: skip
"""How each is written; `include` stands for the steps of a fragment, and nobody reads it as a step."""

__all__ = ["FORMS", "READERS"]
