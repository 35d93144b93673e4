"""Who is who in a list of channels: a table of everything that can be found after a kill."""

import pytest

from cti.calls.state import ChannelPhase
from cti.control.adoption import read_channels
from cti.legs import LegPhase
from tests.unit.cti.channels import CALLER, leg_state, row

HOLD = "1!hold!billing!gold!1000!2!zh!5!lang_zh:1"
IVR = "1!ivr!!!0!0!zh!4!"
FALLBACK = "1!fb!billing!gold!1000!2!zh!5!lang_zh:1"


def waiting(ticket="", **more):
    return row("c1", channel=CALLER, context="hotline-hold", application="BridgeWait", bridge="hold", acd_state=HOLD, ticket=ticket, **more)


def leg(nonce="o1", offer="e1", call="c1", agent="agent01", **more):
    return row(nonce, ticket=offer, acd_state=leg_state(agent, call), **more)


def caller(*rows):
    (found,) = read_channels(rows).callers
    return found


CALLERS = [
    ("new", row("c1", acd_state="1!new!!!5!0!!0!0"), {"in_hold": False, "strayed": False, "fallback": False, "served": ""}),
    ("in his flow", row("c1", acd_state=IVR), {"in_hold": False, "strayed": False}),
    ("waiting with music", waiting(), {"in_hold": True, "strayed": False}),
    ("hearing an announcement", row("c1", context="hotline-hold", application="Playback", acd_state=HOLD), {"in_hold": True, "strayed": False}),
    ("being sent to the default queue", row("c1", context="hotline-default", application="Set", acd_state=HOLD), {"in_hold": True, "strayed": False}),
    ("should be held but is elsewhere", row("c1", context="hotline-in", acd_state=HOLD), {"in_hold": True, "strayed": True}),
    ("his talk is over", row("c1", acd_state=HOLD, ticket="talk-e7"), {"in_hold": False, "served": "e7"}),
    ("fallback rings agents", row("c1", context="hotline-fallback", application="Queue", acd_state=FALLBACK), {"in_hold": True, "strayed": True, "fallback": True}),
    ("fallback says sorry", row("c1", context="hotline-fallback", application="Playback", acd_state=FALLBACK), {"in_hold": True, "strayed": True, "fallback": True}),
    (
        "fallback without a queue", row("c1", context="hotline-fallback", application="Playback", acd_state="1!fb!!!0!0!zh!4!"),
        {"in_hold": False, "strayed": False, "fallback": True},
    ),
    ("somebody outside is rung for him", row("c1", context="hotline-outside", application="Dial", acd_state="1!dial!!!0!0!zh!4!"), {"outside": True, "in_hold": False}),
    (
        "talks with somebody outside, after an agent", row("c1", context="hotline-outside", bridge="b3", acd_state="1!talk!!!0!0!zh!4!", ticket="talk-e7:agent01"),
        {"outside": True, "served": "e7", "served_by": "agent01"},
    ),
    ("is not put through yet", row("c1", context="hotline-in", acd_state="1!dial!!!0!0!zh!4!"), {"outside": False, "in_hold": False}),
    ("back from outside", row("c1", context="hotline-in", acd_state="1!talked!!!0!0!zh!4!"), {"outside": False, "in_hold": False}),
    ("state unreadable", row("c1", acd_state="nonsense"), {"in_hold": False, "strayed": False}),
]


@pytest.mark.parametrize(("found", "says"), [(found, says) for _, found, says in CALLERS], ids=[name for name, _, _ in CALLERS])
def test_a_caller(found, says):
    result = caller(found)
    assert {name: getattr(result, name) for name in says} == says
    assert result.talking is None
    assert result.call == "c1"


@pytest.mark.parametrize(
    "left_alone",
    [
        row("c1", context="hotline-fallback", application="Queue", bridge="b9", acd_state=FALLBACK),
        row("c1", context="hotline-fallback", application="Record", acd_state=FALLBACK),
    ],
    ids=["talks through the fallback", "speaks his message"],
)
def test_whom_the_fallback_serves_is_left_alone(left_alone):
    assert read_channels([left_alone]).callers == []


@pytest.mark.parametrize("foreign", [row(""), row("f123", context="hotline-feature"), row("x1")])
def test_channels_that_are_not_ours_are_nothing(foreign):
    findings = read_channels([foreign])
    assert (findings.callers, findings.legs, findings.orphans) == ([], [], [])


@pytest.mark.parametrize(
    ("state", "bridge", "phase"), [("Ringing", "", LegPhase.RINGING), ("Down", "", LegPhase.RINGING), ("Up", "", LegPhase.ANSWERED), ("Up", "b1", LegPhase.ANSWERED)]
)
def test_a_leg_that_is_on_its_way(state, bridge, phase):
    findings = read_channels([waiting("e1"), leg(state=state, bridge=bridge, context="hotline-phones")])
    (found,) = findings.legs
    assert (found.offer, found.call, found.agent, found.queue, found.phase) == ("e1", "c1", "agent01", "billing", phase)
    assert found.caller_channel == CALLER
    assert found.channel_id == "u-o1"
    assert findings.orphans == []
    assert findings.callers[0].in_hold


@pytest.mark.parametrize("ticket", ["talk-e1", "e1", ""])
@pytest.mark.parametrize("reverse", [False, True])
def test_who_is_in_one_bridge_talks(ticket, reverse):
    """The bridge decides, whatever the ticket says: the gate writes it before it joins them."""
    rows = [row("c1", channel=CALLER, context="hotline-hold", application="BridgeWait", bridge="b1", acd_state=HOLD, ticket=ticket), leg(bridge="b1")]
    findings = read_channels(rows[::-1] if reverse else rows)
    (found,) = findings.callers
    assert found.talking is findings.legs[0]
    assert found.talking.phase is LegPhase.TALKING
    assert not found.in_hold


def test_between_gate_and_bridge_he_is_connected_not_served():
    """The ticket says talk, the leg is up, the bridge is not made yet."""
    findings = read_channels([waiting("talk-e1"), leg(state="Up")])
    assert findings.legs[0].phase is LegPhase.ANSWERED
    assert findings.orphans == []
    (found,) = findings.callers
    assert found.in_hold
    assert found.served == ""


def test_agents_rung_together_are_all_found_with_their_round():
    """e1 named the round; once one of them talks, those who still ring are nobody's."""
    rung = [leg(state="Ringing"), leg("o2", "e2", "c1:e1", agent="agent02", state="Ringing"), leg("o3", "e3", "c1:e1", agent="agent03", state="Up")]
    findings = read_channels([waiting("e1"), *rung])
    assert [(found.offer, found.round, found.call, found.agent) for found in findings.legs] == [
        ("e1", "", "c1", "agent01"), ("e2", "e1", "c1", "agent02"), ("e3", "e1", "c1", "agent03"),
    ]
    assert findings.orphans == []
    assert [found.in_hold for found in findings.callers] == [True]

    after_the_gate = read_channels([waiting("talk-e3:agent03"), *rung])
    assert [found.offer for found in after_the_gate.legs] == ["e3"]
    assert [row.nonce for row in after_the_gate.orphans] == ["o1", "o2"]


def test_after_the_talk_he_is_served_though_the_leg_is_still_listed():
    back = row("c1", channel=CALLER, context="hotline-in", application="AGI", acd_state=HOLD, ticket="talk-e1")
    (found,) = read_channels([back, leg(state="Up")]).callers
    assert found.served == "e1"
    assert not found.in_hold


ORPHANS = {
    "its caller is gone": [leg(call="c9")], "its caller waits with another ticket": [waiting("e2"), leg()],
    "its caller waits with none": [waiting(""), leg()], "it has no offer": [waiting("e1"), leg(offer="")],
    "its state is unreadable": [waiting("e1"), row("o1", ticket="e1", acd_state="?")],
}


@pytest.mark.parametrize("rows", ORPHANS.values(), ids=ORPHANS.keys())
def test_a_leg_nobody_waits_for_is_an_orphan(rows):
    findings = read_channels(rows)
    assert [orphan.nonce for orphan in findings.orphans] == ["o1"]
    assert findings.legs == []


def test_many_at_once_are_all_found():
    rows = [row(f"c{n}", acd_state=(IVR, HOLD)[n % 2], context=("hotline-in", "hotline-hold")[n % 2]) for n in range(100)]
    findings = read_channels(rows)
    assert {found.call for found in findings.callers} == {f"c{n}" for n in range(100)}
    assert sum(found.in_hold for found in findings.callers) == 50


def test_the_state_comes_along():
    found = caller(waiting())
    assert (found.state.phase, found.state.queue, found.state.tier, found.state.entry_ms, found.state.sequence) == (ChannelPhase.HOLD, "billing", "gold", 1000, 2)
    assert found.state.needs == (("lang_zh", 1),)


def test_whom_his_agent_has_led_to_a_colleague_talks_on():
    """An attended transfer: nothing on his channel says so but who is in his bridge."""
    talks = row("c1", context="hotline-hold", application="BridgeWait", bridge="b5", acd_state=HOLD, ticket="talk-e7:agent01")
    colleague = row("", channel="PJSIP/agent02-00000009", bridge="b5")
    found = caller(talks, colleague)
    assert (found.outside, found.served, found.served_by, found.in_hold) == (True, "e7", "agent01", False)
    alone = caller(talks, row("", channel="PJSIP/agent02-00000009", bridge="b6"))
    assert (alone.outside, alone.served) == (False, "e7")
