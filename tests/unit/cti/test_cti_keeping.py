"""What is kept beside the calls: their records, Asterisk's notes of their ends, agents' states, and the words spoken."""

import asyncio
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from acd.events import AgentAdopted
from acd.facts import AgentChanged, CallAnswered, CallEnded, CallEntered, Outcome, TalkFinished
from acd.states import AgentState
from cti.agents import AgentKeeper
from cti.ami.frames import parse_frame
from cti.ami.switch import Switch
from cti.calls.state import ChannelPhase
from cti.control.endings import EndingsReader, parse_ending
from cti.records.calls import CallRecord
from cti.records.ledger import Ledger
from cti.store.base import Namespace
from cti.store.opening import open_store
from cti.words import Durations, Phrasebook
from ivr.events import DialOutcome
from ivr.speech import speak
from ivr.state import Trace
from tests.unit.cti.hotline import LoopClock, idle_contacts
from tests.unit.cti.requester import Requester

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]


class Writer:
    """Records as they are told, merged as the real writer merges them."""

    def __init__(self) -> None:
        self.records: dict[str, CallRecord] = {}
        self.finished: list[str] = []

    def _tell(self, call, **news):
        record = self.records.get(call, CallRecord(call=call))
        self.records[call] = record.merged(CallRecord(call=call, **{name: tuple(value) if name in ("trail", "tickets") else value for name, value in news.items()}))

    begin = update = _tell

    def finish(self, call, **news):
        self.finished.append(call)
        self._tell(call, **news)


class Metrics:
    def __init__(self) -> None:
        self.counted: list[tuple] = []

    def __getattr__(self, name):
        return lambda *values, **named: self.counted.append((name, *values, *named.values()))


@dataclass
class Books:
    """A ledger over a writer in memory; `before` are records of a former process."""

    before: dict[str, CallRecord] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.writer, self.metrics = Writer(), Metrics()
        contacts = idle_contacts(LoopClock())
        self.ledger = Ledger(self.writer, self.metrics, LoopClock(), finished=self._finished, unfinished=self._unfinished, contacts=contacts)

    async def _finished(self, call):
        return call in self.before and self.before[call].finished

    async def _unfinished(self):
        return [record for record in self.before.values() if not record.finished]

    def begin(self, call="c1", *, adopted=False):
        self.ledger.began(call, caller="139", called="95598", channel="PJSIP/a", adopted=adopted)


@pytest_asyncio.fixture
async def books():
    return Books()


async def test_one_record_one_end(books):
    books.begin()
    books.ledger.stepped("c1", Trace("main", "menu", "menu", 0.0, "1"))
    books.ledger.knows("c1", {"language": "en"})
    books.ledger.replied("c1", "customer_by_number", {}, {"found": True, "customer": {"account": "10000001", "tier": "gold", "name": "X"}})
    books.ledger.replied("c1", "create_ticket", {}, {"ticket": "T1", "deadline": "x"})
    books.ledger.ended("c1", cause="completed", hangup_cause=16)
    books.ledger.ended("c1", cause="abandoned", hangup_cause=17)
    record = books.writer.records["c1"]
    assert books.writer.finished == ["c1"]
    assert (record.outcome, record.hangup_cause, record.account, record.tier, record.language, record.tickets) == ("self_service", "16", "10000001", "gold", "en", ("T1",))
    assert [step["step"] for step in record.trail] == ["menu"]
    assert [counted[0] for counted in books.metrics.counted].count("call_ended") == 1


async def test_news_of_unknown_calls_are_nothing(books):
    books.ledger.stepped("c9", Trace("main", "menu", "menu", 0.0, "1"))
    books.ledger.knows("c9", {"language": "en"})
    books.ledger.replied("c9", "create_ticket", {}, {"ticket": "T1"})
    books.ledger.told(CallAnswered("c9", "billing", "gold", "agent01", "e1", 3.0), 0.0)
    books.ledger.ended("c9", cause="completed", hangup_cause=16)
    assert books.writer.records == {}


@pytest.mark.parametrize(
    ("facts", "cause", "outcome"),
    [
        ((), "completed", "self_service"), ((), "abandoned", "abandoned"), ((), "failed", "failed"), ((Outcome.ABANDONED,), "abandoned", "abandoned"),
        ((Outcome.VOICEMAIL,), "completed", "voicemail"), ((Outcome.OVERFLOWED,), "completed", "overflowed"), ((Outcome.LEFT_QUEUE,), "completed", "left_queue"),
        ((Outcome.VOICEMAIL, Outcome.ANSWERED), "completed", "answered"), ((Outcome.ANSWERED,), "abandoned", "answered"),
    ],
)
async def test_one_word_for_the_whole_call(books, facts, cause, outcome):
    books.begin()
    for number, ended in enumerate(facts):
        if ended is Outcome.ANSWERED:
            books.ledger.told(CallAnswered("c1", "billing", "gold", "agent01", f"e{number}", 3.0), 0.0)
            books.ledger.told(TalkFinished(f"e{number}", "c1", "agent01", "billing", "gold", 42.0), 0.0)
        books.ledger.told(CallEnded("c1", "billing", "gold", ended, "", 3.0), 0.0)
    books.ledger.ended("c1", cause=cause, hangup_cause=16)
    record = books.writer.records["c1"]
    assert record.outcome == outcome
    assert record.talk_ms == (42_000 if Outcome.ANSWERED in facts else None)
    assert record.wait_ms == (3000 * len(facts) if facts else None)


def ending(call, ticket="", state="1!ivr!!!0!0!zh!4!"):
    return parse_ending(call, f"1700000100!16!1700000000!139!!{ticket}!{state}")


async def test_a_talk_outside_is_told_of_the_call(books):
    books.begin()
    books.ledger.dialled("c1", rule="branch", outcome=DialOutcome.BUSY, talk_seconds=0.0)
    books.ledger.dialled("c1", rule="branch", outcome=DialOutcome.ANSWERED, talk_seconds=12.5)
    books.ledger.ended("c1", cause="completed", hangup_cause=16)
    record = books.writer.records["c1"]
    assert (record.outcome, record.talk_ms) == ("put_through", 12_500)
    assert [counted for counted in books.metrics.counted if counted[0] == "dialled"] == [
        ("dialled", "branch", "busy", 0.0, "c1"), ("dialled", "branch", "answered", 12.5, "c1"),
    ]  # fmt: skip


def counts(books, name):
    return [counted[1:] for counted in books.metrics.counted if counted[0] == name]


def waited(books, outcome, call="c1", queue="billing"):
    books.ledger.told(CallEntered(call, queue, "gold", resumed=False), 1.0)
    books.ledger.told(CallEnded(call, queue, "gold", outcome, "", 7.0), 8.0)


@pytest.mark.parametrize(
    ("outcomes", "lost"),
    [
        ([Outcome.ABANDONED], True),
        ([Outcome.OVERFLOWED], True),
        ([Outcome.REJECTED_FULL], True),
        ([Outcome.LEFT_QUEUE], False),
        ([Outcome.CALLBACK], False),
        ([Outcome.OVERFLOWED, Outcome.VOICEMAIL], False),
        ([Outcome.LEFT_QUEUE, Outcome.ABANDONED], True),
    ],
)
async def test_who_asked_for_a_person_is_counted_once_and_lost_if_the_last_line_let_him_go(books, outcomes, lost):
    books.begin()
    for outcome in outcomes:
        waited(books, outcome)
    books.ledger.ended("c1", cause="abandoned", hangup_cause=16)
    assert counts(books, "asked_for_person") == [()]
    assert counts(books, "call_ended") == [("abandoned", outcomes[-1].value, lost, "billing", None)]


async def test_who_was_answered_once_is_not_lost_and_his_mark_belongs_to_the_queue_of_the_talk(books):
    books.begin()
    books.ledger.told(CallEntered("c1", "billing", "gold", resumed=False), 1.0)
    books.ledger.told(CallAnswered("c1", "billing", "gold", "anna", "o1", 3.0), 4.0)
    books.ledger.told(CallEnded("c1", "billing", "gold", Outcome.ANSWERED, "", 3.0), 60.0)
    books.ledger.replied("c1", "save_survey", {"score": "4"}, {})
    books.ledger.ended("c1", cause="completed", hangup_cause=16)
    assert counts(books, "call_ended") == [("completed", "answered", False, "billing", 4)]


async def test_a_caller_taken_over_in_the_line_was_counted_by_the_process_he_came_to(books):
    books.begin(adopted=True)
    books.ledger.told(CallEntered("c1", "billing", "gold", resumed=True), 1.0)
    books.ledger.told(CallEntered("c1", "repair", "gold", resumed=False), 2.0)
    assert counts(books, "asked_for_person") == []
    books.ledger.ended("c1", cause="completed", hangup_cause=16)
    assert counts(books, "ivr_exited") == [("main", "completed", None, "c1")]


async def test_the_time_in_flows_leaves_queues_out(books):
    books.begin()
    began = books.ledger._open["c1"].stepped_at
    for seconds, kind in ((3.0, "say"), (10.0, "menu"), (200.0, "queue"), (202.0, "say")):
        books.ledger.stepped("c1", Trace("main", kind, kind, began + seconds, "done"))
    books.ledger.ended("c1", cause="completed", hangup_cause=16)
    assert [seconds for _, seconds in counts(books, "ivr_stepped")] == pytest.approx([3.0, 7.0, 190.0, 2.0])
    assert counts(books, "ivr_exited") == [("main", "completed", pytest.approx(12.0), "c1")]


async def test_a_call_found_again_after_a_talk_outside_was_put_through():
    trail = ({"at_ms": 1, "flow": "agent", "step": "call_office", "type": "dial", "result": "answered"},)
    books = Books({"c1": CallRecord(call="c1", started_at_ms=1, trail=trail)})
    await books.ledger.recall()
    books.begin(adopted=True)
    books.ledger.ended("c1", cause="abandoned", hangup_cause=16)
    assert books.writer.records["c1"].outcome == "put_through"


async def test_an_end_nobody_saw_closes_the_record_once(books):
    books.before["c1"] = CallRecord(call="c1", started_at_ms=5, language="en", queue="billing", answered_at_ms=9)
    await books.ledger.recall()
    for _ in range(2):
        await books.ledger.ending_found(ending("c1"), served=False)
    assert books.writer.finished == ["c1"]
    assert (books.writer.records["c1"].outcome, books.writer.records["c1"].ended_at_ms) == ("answered", 1_700_000_100_000)


@pytest.mark.parametrize(
    ("ticket", "state", "outcome"),
    [
        ("", "1!talk!billing!gold!5!0!zh!4!", "put_through"), ("", "1!talked!billing!gold!5!0!zh!4!", "put_through"), ("", "1!dial!billing!gold!5!0!zh!4!", "abandoned"),
        ("", "1!hold!billing!gold!5!0!zh!4!", "abandoned"), ("talk-e1", "1!hold!billing!gold!5!0!zh!4!", "answered"), ("", "1!fb!billing!gold!5!0!zh!4!", "fallback"),
    ],
)
async def test_what_the_channel_said_last_decides(books, ticket, state, outcome):
    await books.ledger.ending_found(ending("c1", ticket, state), served=False)
    assert (books.writer.records["c1"].outcome, books.writer.records["c1"].queue) == (outcome, "billing")


async def test_ends_of_calls_that_are_served_or_closed_are_left_alone(books):
    books.begin("c1")
    await books.ledger.ending_found(ending("c1"), served=True)
    books.before["c2"] = CallRecord(call="c2", ended_at_ms=7, outcome="answered")
    await books.ledger.ending_found(ending("c2"), served=False)
    books.begin("c3")
    books.ledger.ended("c3", cause="completed", hangup_cause=16)
    await books.ledger.ending_found(ending("c3"), served=False)
    assert books.writer.finished == ["c3"]


async def test_a_call_found_again_keeps_what_its_record_knew(books):
    books.before["c1"] = CallRecord(call="c1", started_at_ms=5, tier="gold", tickets=("T1",), wait_ms=1000, queue="billing")
    await books.ledger.recall()
    books.begin("c1", adopted=True)
    books.ledger.ended("c1", cause="completed", hangup_cause=16)
    record = books.writer.records["c1"]
    assert (record.tier, record.tickets, record.wait_ms, record.queue) == ("gold", ("T1",), 1000, "billing")


@pytest.mark.parametrize(("came_back", "outcome"), [("max_wait", "overflowed"), ("full", "rejected_full"), ("voicemail", "voicemail"), ("menu", "left_queue")])
async def test_how_the_line_let_him_go_outlives_a_kill(books, came_back, outcome):
    """He is in his flow still when the server is killed, and hears it to its end under the next one."""
    trail = ({"at_ms": 6, "flow": "main", "step": "wait", "type": "queue", "result": came_back},)
    books.before["c1"] = CallRecord(call="c1", started_at_ms=5, queue="billing", wait_ms=1000, trail=trail)
    await books.ledger.recall()
    books.begin("c1", adopted=True)
    books.ledger.ended("c1", cause="completed", hangup_cause=16)
    assert (books.writer.records["c1"].outcome, books.writer.records["c1"].queue) == (outcome, "billing")


async def test_the_line_that_let_him_go_is_written_at_once(books):
    books.begin("c1")
    books.ledger.told(CallEnded("c1", "billing", "gold", Outcome.OVERFLOWED, "max_wait", 7.0), 0.0)
    assert (books.writer.records["c1"].queue, books.writer.records["c1"].wait_ms) == ("billing", 7000)


async def test_after_a_restart_of_asterisk_what_is_on_no_channel_is_lost(books):
    books.before["c0"] = CallRecord(call="c0", started_at_ms=5)
    await books.ledger.recall()
    books.begin("c1")
    books.begin("c2")
    books.ledger.close_lost({"c2"})
    books.ledger.close_lost({"c2"})
    assert sorted(books.writer.finished) == ["c0", "c1"]
    assert books.writer.records["c1"].outcome == "lost"


# ---- Asterisk's own notes


@pytest.mark.parametrize("value", ["", "x", "!16!!!!!", "²!16!5!139!!e1!1!ivr", "1700000000!16!5!139"])
async def test_damaged_notes_are_none(value):
    assert parse_ending("c1", value) is None


async def test_a_note_as_the_dialplan_writes_it():
    note = parse_ending("c1", "1795292117!127!1795292100!13912345678!!talk-e000001-00000002!1!hold!general!basic!1795292100675!0!zh!7!lang_zh:1")
    assert (note.started_at_ms, note.caller) == (1795292100000, "13912345678")
    assert (note.ended_at_ms, note.cause, note.ticket, note.state.phase, note.state.queue) == (1795292117000, 127, "talk-e000001-00000002", ChannelPhase.HOLD, "general")


async def read_notes(written: bool, *keys: str):
    wire, seen = Requester(), []
    wire.answers["DBGetTree"] = [[parse_frame(f"Event: DBGetTreeResponse\r\nKey: /hotline-ended/{key}\r\nVal: 1700000000!16!1690000000!139!!!1!ivr!!!0!0!zh!4!") for key in keys]]

    async def on_ending(found):
        seen.append(found.call)

    async def is_written():
        return written

    await EndingsReader(Switch(wire), LoopClock(), on_ending, is_written).read()
    forgotten = [value for headers in wire.raw for name, value in headers if name == "Variable"]
    return seen, forgotten


async def test_past_minutes_are_forgotten_only_when_all_is_written():
    now = LoopClock().wall_ms() // 60_000
    keys = (f"{now - 5}/c1", f"{now - 5}/c2", f"{now - 2}/c3", f"{now - 1}/c4", f"{now}/c5", "nonsense/c6", "c7")
    seen, forgotten = await read_notes(True, *keys)
    assert set(seen) >= {"c1", "c2", "c3", "c4", "c5"}
    assert forgotten == [f"ACD_MINUTE={now - 5}", f"ACD_MINUTE={now - 2}"]
    assert (await read_notes(False, *keys))[1] == []
    assert (await read_notes(True))[0] == []


# ---- agents


@dataclass
class AgentShown:
    name: str = "agent01"
    state: AgentState = AgentState.READY
    reason: str = ""
    since: float = 0.0
    until: float | None = None
    misses: int = 0
    next_state: AgentState | None = None


class Shown:
    """An engine that knows these agents."""

    def __init__(self, *agents) -> None:
        self._agents = {agent.name: agent for agent in agents}

    def agent(self, name, now):
        del now
        return self._agents.get(name)


@pytest_asyncio.fixture
async def store():
    store = open_store("memory:")
    yield store
    await store.close()


def changed(name="agent01"):
    return AgentChanged(name, AgentState.LOGGED_OUT, AgentState.READY, "", 1.0)


@pytest.mark.parametrize("state", [AgentState.READY, AgentState.PAUSED, AgentState.WRAP_UP, AgentState.BACKOFF, AgentState.LOGGED_OUT])
async def test_an_agents_state_comes_back_with_its_times(store, state):
    await asyncio.sleep(100)
    now = asyncio.get_running_loop().time()
    shown = Shown(AgentShown(state=state, reason="break", since=now - 60, until=now + 30, misses=2))
    keeper = AgentKeeper(store, LoopClock(), lambda: shown)
    keeper.told(changed(), 0.0)
    await keeper.flush()
    await asyncio.sleep(10)
    (adopted,) = await AgentKeeper(store, LoopClock(), lambda: None).load()
    assert (adopted.agent, adopted.state, adopted.reason, adopted.misses) == ("agent01", state, "break", 2)
    assert adopted.since == pytest.approx(now - 60, abs=0.01)
    assert adopted.until == pytest.approx(now + 30, abs=0.01)


@pytest.mark.parametrize("state", [AgentState.TALKING, AgentState.OFFERED, AgentState.CONNECTING, AgentState.CANCELLING])
async def test_who_was_in_a_call_is_found_by_his_call(store, state):
    shown = Shown(AgentShown(state=state))
    keeper = AgentKeeper(store, LoopClock(), lambda: shown)
    keeper.told(changed(), 0.0)
    await keeper.flush()
    (adopted,) = await keeper.load()
    assert adopted.state is AgentState.READY


@pytest.mark.parametrize("value", [None, [], "ready", {}, {"state": "asleep"}, {"state": 5}])
async def test_damaged_states_are_left_out(store, value):
    await store.put(Namespace.AGENTS, "agent01", value)
    assert await AgentKeeper(store, LoopClock(), lambda: None).load() == []


async def test_damaged_times_are_left_out(store):
    await store.put(Namespace.AGENTS, "agent01", {"state": "paused", "since_ms": "x", "until_ms": {}, "misses": "many", "reason": None})
    assert await AgentKeeper(store, LoopClock(), lambda: None).load() == [AgentAdopted("agent01", AgentState.PAUSED)]


async def test_a_dead_store_stops_nobody():
    store = open_store("memory:")
    keeper = AgentKeeper(store, LoopClock(), lambda: Shown(AgentShown()))
    await store.close()
    keeper.told(changed(), 0.0)
    await keeper.flush()
    assert await keeper.load() == []


# ---- words


async def test_times_of_prompts_are_read_from_their_files(tmp_path):
    folder = tmp_path / "zh" / "hotline" / "main"
    folder.mkdir(parents=True)
    (folder / "a.ulaw").write_bytes(b"\xff" * 12_000)
    durations = Durations(tmp_path)
    assert durations(["main/a", "main/a"], "zh") == 3.0
    assert durations(["main/a"], "en") == Durations.MISSING_SECONDS


_PHRASES = (
    "please-hold", "keys-while-waiting", "queue-next", "queue-position", "queue-position-end", "queue-wait-about", "queue-wait-from", "queue-wait-to", "queue-wait-under-minute",
    "queue-thanks", "greeting-tier-gold",
    "whisper-tier-gold", "whisper-waited", "callback-key", "callback-hello", "callback-press", "whisper-callback",
)
BOOK = Phrasebook({name: {} for name in _PHRASES})


@pytest.mark.parametrize(("keys", "said"), [({}, ("phrases/please-hold",)), ({"*": "menu"}, ("phrases/please-hold", "phrases/keys-while-waiting"))])
async def test_what_is_said_on_the_way_into_the_line(keys, said):
    assert BOOK.holding("zh", keys) == said
    assert BOOK.holding("zh", keys, "basic") == said
    assert BOOK.holding("zh", keys, "gold") == ("phrases/greeting-tier-gold", *said)


async def test_position_and_wait():
    thanks = "phrases/queue-thanks"
    assert BOOK.announce("zh", 1, None) == ("phrases/queue-next", thanks)
    assert BOOK.announce("zh", 1, 30.0, 59.0) == ("phrases/queue-next", "phrases/queue-wait-under-minute", thanks)
    said = BOOK.announce("en", 3, 230.0, 235.0)
    assert said[0] == "phrases/queue-position"
    assert "phrases/queue-position-end" in said
    assert said[said.index("phrases/queue-wait-about") + 1 :] == (*speak("duration", 240, "en"), thanks)
    assert BOOK.announce("zh", 1, 170.0, 301.0) == (
        "phrases/queue-next", "phrases/queue-wait-from", *speak("duration", 180, "zh"), "phrases/queue-wait-to", *speak("duration", 360, "zh"), thanks,
    )
    assert BOOK.announce("zh", 1, 20.0, 90.0)[1:3] == ("phrases/queue-wait-from", *speak("duration", 60, "zh")[:1])
    assert BOOK.announce("", 2, None) == BOOK.announce("zh", 2, None)


async def test_the_key_for_a_callback_is_told():
    assert BOOK.holding("zh", {"*": "menu", "2": "callback"})[-2:] == ("phrases/callback-key", "say/n-2")
    assert "phrases/callback-key" not in BOOK.holding("zh", {"*": "callback"})


async def test_who_calls_back_says_so():
    assert BOOK.whisper_callback("gold", "nowhere", "zh", 5)[:2] == ("phrases/whisper-callback", "phrases/whisper-tier-gold")
    assert (BOOK.greeting().hello, BOOK.greeting().press) == (("phrases/callback-hello",), ("phrases/callback-press",))
    assert Phrasebook({}).greeting().press == ()


async def test_a_whisper_leaves_out_what_has_no_words():
    said = BOOK.whisper("gold", "nowhere", "tlh", 0.2)
    assert said[:2] == ("phrases/whisper-tier-gold", "phrases/whisper-waited")
    assert len(said) > 2
