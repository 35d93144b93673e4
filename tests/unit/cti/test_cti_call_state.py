"""What a channel says about its call survives the way through Asterisk, and damaged text starts a call afresh."""

from hypothesis import given
from hypothesis import strategies as st

from cti.ami.switch import safe_value
from cti.calls.state import ChannelPhase, ChannelState, decode_state

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True)
NEEDS = st.lists(st.tuples(NAMES, st.integers(min_value=1, max_value=100)), max_size=5).map(tuple)
STATES = st.builds(
    ChannelState, phase=st.sampled_from(ChannelPhase), queue=NAMES | st.just(""), tier=NAMES | st.just(""), entry_ms=st.integers(0, 10**14),
    sequence=st.integers(0, 10**9), language=st.sampled_from(["", "zh", "en"]), generation=st.integers(0, 10**6),
)


@given(STATES, NEEDS)
def test_a_state_comes_back_as_it_was(state, needs):
    state = state.with_needs(needs)
    text = state.encode()
    assert decode_state(text) == state
    assert decode_state(text).needs == needs
    assert safe_value(text) == text


@given(st.text(max_size=80) | st.lists(st.text("019ab!:+", max_size=9), max_size=12).map("!".join))
def test_nothing_a_channel_may_say_makes_it_fail(text):
    state = decode_state(text)
    assert state.entry_ms >= 0
    assert all(level >= 0 for _, level in state.needs)


def test_what_cannot_be_read_is_a_new_call():
    fresh = ChannelState(ChannelPhase.NEW)
    for text in ("", "1", "2!hold!a!b!1!2!zh!3!", "1!nonsense!a!b!1!2!zh!3!", "1!hold!a!b!1!2!zh!3", "1!hold!a!b!1!2!zh!3!x!y"):
        assert decode_state(text) == fresh


def test_damaged_numbers_and_needs_are_left_out():
    state = decode_state("1!hold!billing!gold!soon!-1!zh!x!lang_zh:1+bad+worse:x+b:2")
    assert (state.entry_ms, state.sequence, state.generation) == (0, 0, 0)
    assert state.needs == (("lang_zh", 1), ("b", 2))


def test_digits_that_are_no_numbers():
    state = decode_state("1!hold!billing!gold!²!²!zh!²!a:²")
    assert (state.entry_ms, state.sequence, state.generation, state.needs) == (0, 0, 0, ())


def test_the_dialplans_own_writings_are_understood():
    """As deploy/asterisk/extensions.conf sets it: at the entry, in the default queue, and in the fallback."""
    assert decode_state("1!new!!!1795292117000!0!!0!0").entry_ms == 1795292117000
    default = decode_state("1!hold!general!basic!1795292117000!0!zh!3!0")
    assert (default.phase, default.queue, default.generation, default.needs) == (ChannelPhase.HOLD, "general", 3, ())
    assert decode_state("1!fb!general!basic!1795292117000!0!zh!3!lang_zh:1").phase is ChannelPhase.FALLBACK
