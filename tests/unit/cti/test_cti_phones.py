"""Agents' phones in calls that are not ours: told once when it begins and once when it ends."""

import pytest

from acd.events import AgentBusyElsewhere
from cti.control.phones import PhoneWatch
from tests.unit.cti.channels import row

DEVICES = {"PJSIP/agent01": "anna", "PJSIP/agent-02": "bo"}
ELSEWHERE = row("", channel="PJSIP/agent01-00000007", context="hotline-entry", application="AppQueue", bridge="b1")
OTHER = row("", channel="PJSIP/agent-02-00000008", state="Ringing", context="hotline-phones", application="AppDial")


@pytest.fixture
def told():
    return []


@pytest.fixture
def watch(told):
    return PhoneWatch(lambda: DEVICES, told.append)


def test_it_is_told_when_it_begins_and_when_it_ends(watch, told):
    watch.look([ELSEWHERE])
    watch.look([ELSEWHERE, row("c1")])
    assert told == [AgentBusyElsewhere("anna", busy=True)]
    watch.look([OTHER])
    assert told[1:] == [AgentBusyElsewhere("anna", busy=False), AgentBusyElsewhere("bo", busy=True)]
    watch.look([])
    assert told[3:] == [AgentBusyElsewhere("bo", busy=False)]


@pytest.mark.parametrize(
    "seen",
    [
        row("o1", channel="PJSIP/agent01-00000007"),  # our own leg
        row("f1", channel="PJSIP/agent01-00000007", context="hotline-feature"),  # logs in or out
        row("", channel="PJSIP/agent01-00000007", seconds=1),  # may become either
        row("c1", channel="PJSIP/trunk-00000007"),
        row("", channel="PJSIP/agent011-00000007"),
        row("", channel="Local/idle@hotline-forget-00000007;1"),
    ],
)
def test_what_is_ours_or_nobodys_is_not(watch, told, seen):
    watch.look([seen])
    assert told == []


def test_before_anybody_is_rung_the_youngest_call_counts_too(watch, told):
    """A server that starts must not ring a phone that the fallback has begun to ring a second ago."""
    watch.look([row("", channel="PJSIP/agent01-00000007", state="Ringing", seconds=0), row("o1", channel="PJSIP/agent-02-00000008", seconds=0)], settled_seconds=0)
    assert told == [AgentBusyElsewhere("anna", busy=True)]
    watch.look([])
    assert told[1:] == [AgentBusyElsewhere("anna", busy=False)]


def test_an_agent_who_calls_the_hotline_himself_is_busy(watch, told):
    watch.look([row("c1", channel="PJSIP/agent01-00000007")])
    assert told == [AgentBusyElsewhere("anna", busy=True)]


def test_an_agent_who_was_taken_off_the_configuration_is_forgotten(told):
    devices = dict(DEVICES)
    watch = PhoneWatch(lambda: devices, told.append)
    watch.look([ELSEWHERE])
    del devices["PJSIP/agent01"]
    watch.look([ELSEWHERE])
    assert told == [AgentBusyElsewhere("anna", busy=True)]
