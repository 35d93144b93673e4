"""From the events of an agent's phone to what the engine is told: every way a leg can end."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.events import OfferAnswered, OfferCause, OfferFailed, OfferRinging, TalkEnded, TalkStarted
from cti.legs import Leg, LegPhase, Legs
from tests.unit.cti.channels import AGENT, CALLER, hung_up, joined, refused, ringing, up

NONCE = "o1"


def new_leg(nonce=NONCE, offer="e1"):
    return Leg(offer=offer, call="c1", agent="agent01", queue="billing", nonce=nonce, channel_id=f"acd-{offer}", caller_channel=CALLER)


@pytest.fixture
def legs():
    legs = Legs()
    legs.add(new_leg())
    return legs


def hear(legs, *events, caller_remains=True):
    return [told for event in events for told in legs.handle(event, caller_remains=caller_remains)]


def test_a_whole_talk(legs):
    told = hear(legs, ringing(NONCE), up(NONCE), joined(NONCE), hung_up(NONCE, 16, AGENT))
    assert told == [OfferRinging("e1"), OfferAnswered("e1"), TalkStarted("e1"), TalkEnded("e1", caller_remains=True)]
    assert len(legs) == 0
    assert legs.of_offer("e1") is None


@pytest.mark.parametrize("repeated", [ringing(NONCE), up(NONCE), joined(NONCE)])
def test_what_is_heard_twice_is_told_once(legs, repeated):
    hear(legs, ringing(NONCE), up(NONCE), joined(NONCE))
    assert hear(legs, repeated) == []


def test_ringing_after_the_answer_is_old_news(legs):
    assert hear(legs, up(NONCE), ringing(NONCE)) == [OfferAnswered("e1")]


def test_the_waiting_room_is_no_talk(legs):
    assert hear(legs, up(NONCE), joined(NONCE, holding=True)) == [OfferAnswered("e1")]


#: (cause, rang) -> why, for a leg that was never answered
UNANSWERED = {
    (17, False): OfferCause.BUSY, (17, True): OfferCause.BUSY, (21, False): OfferCause.REJECTED, (21, True): OfferCause.REJECTED,
    (19, True): OfferCause.NO_ANSWER, (18, True): OfferCause.NO_ANSWER, (16, True): OfferCause.NO_ANSWER, (0, True): OfferCause.NO_ANSWER,
    (19, False): OfferCause.UNREACHABLE, (18, False): OfferCause.UNREACHABLE, (16, False): OfferCause.UNREACHABLE, (0, False): OfferCause.UNREACHABLE,
    (1, False): OfferCause.UNREACHABLE, (1, True): OfferCause.UNREACHABLE, (34, False): OfferCause.UNREACHABLE, (34, True): OfferCause.UNREACHABLE,
    (20, False): OfferCause.UNREACHABLE, (3, False): OfferCause.UNREACHABLE, (38, False): OfferCause.UNREACHABLE, (127, True): OfferCause.UNREACHABLE,
}


@pytest.mark.parametrize(("heard", "why"), UNANSWERED.items(), ids=str)
def test_why_an_offer_failed_before_the_answer(legs, heard, why):
    cause, rang = heard
    assert hear(legs, *([ringing(NONCE)] if rang else []), hung_up(NONCE, cause, AGENT))[-1] == OfferFailed("e1", why)
    assert len(legs) == 0


@pytest.mark.parametrize("cause", [0, 16, 17, 19, 21, 127])
@pytest.mark.parametrize(
    ("gate", "caller_remains", "why"),
    [(False, True, OfferCause.HUNG_UP), (False, False, OfferCause.HUNG_UP), (True, True, OfferCause.REFUSED), (True, False, OfferCause.CALLER_GONE)],
)
def test_why_it_failed_after_the_answer(legs, cause, gate, caller_remains, why):
    told = hear(legs, ringing(NONCE), up(NONCE), *([refused(NONCE)] if gate else []), hung_up(NONCE, cause, AGENT), caller_remains=caller_remains)
    assert told[-1] == OfferFailed("e1", why)


@pytest.mark.parametrize("phase", [0, 1, 2])
@pytest.mark.parametrize("cause", [0, 16, 17, 19, 21])
def test_what_we_hung_up_ourselves_was_cancelled(legs, phase, cause):
    hear(legs, *[ringing(NONCE), up(NONCE)][:phase])
    legs.of_offer("e1").cancelled = True
    assert hear(legs, hung_up(NONCE, cause, AGENT))[-1] == OfferFailed("e1", OfferCause.CANCELLED)


@pytest.mark.parametrize(
    ("cause", "caller_remains", "lost"), [(16, True, False), (0, True, False), (16, False, False), (19, True, True), (127, True, True), (44, False, False)]
)
def test_an_agent_who_dies_in_a_talk_is_told_from_one_who_says_goodbye(legs, cause, caller_remains, lost):
    leg = legs.of_offer("e1")
    told = hear(legs, up(NONCE), joined(NONCE), hung_up(NONCE, cause, AGENT), caller_remains=caller_remains)
    assert told[-1] == TalkEnded("e1", caller_remains=caller_remains)
    assert leg.lost is lost


def test_a_failed_originate_ends_only_a_leg_that_never_was(legs):
    assert legs.originate_failed("e1") == [OfferFailed("e1", OfferCause.UNREACHABLE)]
    assert legs.originate_failed("e1") == []
    legs.add(new_leg())
    hear(legs, ringing(NONCE))
    assert legs.originate_failed("e1") == []
    assert len(legs) == 1
    assert legs.originate_failed("unknown") == []


def test_a_failed_originate_of_a_cancelled_offer(legs):
    legs.of_offer("e1").cancelled = True
    assert legs.originate_failed("e1") == [OfferFailed("e1", OfferCause.CANCELLED)]


def test_a_failed_originate_before_or_after_the_hangup_is_told_once():
    for first_hangup in (True, False):
        legs = Legs()
        legs.add(new_leg())
        hear(legs, ringing(NONCE))
        told = hear(legs, hung_up(NONCE, 17, AGENT)) + legs.originate_failed("e1") if first_hangup else legs.originate_failed("e1") + hear(legs, hung_up(NONCE, 17, AGENT))
        assert told == [OfferFailed("e1", OfferCause.BUSY)]


def test_events_of_others_are_nothing(legs):
    assert hear(legs, ringing("o2"), up(""), hung_up("c1")) == []
    assert legs.of_offer("e1").phase is LegPhase.SENT


def test_two_legs_are_kept_apart(legs):
    legs.add(new_leg("o2", "e2"))
    assert hear(legs, ringing("o2"), hung_up(NONCE, 17, AGENT)) == [OfferRinging("e2"), OfferFailed("e1", OfferCause.BUSY)]
    assert [leg.offer for leg in legs.all()] == ["e2"]


EVENTS = st.lists(st.sampled_from([ringing(NONCE), up(NONCE), joined(NONCE), joined(NONCE, holding=True), refused(NONCE)]), max_size=8)


@given(EVENTS, st.sampled_from([0, 1, 16, 17, 19, 21, 34, 127]), st.booleans(), st.booleans())
def test_each_leg_ends_exactly_once_whatever_comes_before(events, cause, caller_remains, cancelled):
    legs = Legs()
    legs.add(new_leg())
    legs.of_offer("e1").cancelled = cancelled
    told = hear(legs, *events, hung_up(NONCE, cause, AGENT), hung_up(NONCE, cause, AGENT), caller_remains=caller_remains)
    ends = [event for event in told if isinstance(event, OfferFailed | TalkEnded)]
    assert len(ends) == 1
    assert told[-1] is ends[0]
    assert isinstance(ends[0], TalkEnded) == any(isinstance(event, TalkStarted) for event in told)
    order = [OfferRinging, OfferAnswered, TalkStarted, OfferFailed, TalkEnded]
    assert all(order.index(type(a)) < order.index(type(b)) for a, b in itertools.pairwise(told))
