"""queue_log lines: what each kind of leg and each change of an agent is told as, the file, and the command."""

import asyncio
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml
from sqlalchemy import insert

from acd.config import Agent, Policy, Queue
from acd.facts import AgentChanged, CallEntered
from acd.states import AgentState
from cti.database import Database, migrate
from cti.database.models import AgentStateRow
from cti.records.agent_states import Span
from cti.records.calls import RecordWriter
from cti.records.contact_store import Written
from cti.records.contacts import LEGS, Attempt, ContactLeg, LegKind
from cti.records.queue_log import agent_lines, lines_of, lines_of_spans, news
from cti.records.queue_log_file import QueueLogFile

PROJECT = Path(__file__).parents[3]
ENTERED = ContactLeg(leg="c1-1", call="c1", number=1, kind=LegKind.QUEUE, queue="line", tier="", entered_at_ms=1_000_400, position=2)
RUNG = replace(ENTERED, attempts=(Attempt("o1", "bert", 1_002_000, 5000, "no_answer"), Attempt("o2", "anna", 1_008_000, 2500, "talked")))
TALKS = replace(RUNG, agent="anna", answered_at_ms=1_010_500, rang_at_ms=1_008_000, ring_ms=2500)
TALKED = replace(TALKS, talk_ended_at_ms=1_071_000, ended_at_ms=1_071_000, outcome="answered", reason="caller_remains")
GAVE_UP = replace(ENTERED, position_at_end=1, ended_at_ms=1_030_000, outcome="abandoned", wait_ms=29_600)


def text(leg, caller="13800138000"):
    return [str(line) for line in lines_of(leg, caller)]


def test_a_talk_from_entry_to_end():
    assert text(TALKED) == [
        "1000|c1|line|NONE|ENTERQUEUE||13800138000|2",
        "1007|c1|line|bert|RINGNOANSWER|5000",
        "1010|c1|line|anna|CONNECT|10|acd-o2|2",
        "1071|c1|line|anna|COMPLETEAGENT|10|60|2",
    ]


@pytest.mark.parametrize(
    ("reason", "target", "line"),
    [
        ("caller_remains", None, "anna|COMPLETEAGENT|10|60|2"),
        ("caller_hung_up", None, "anna|COMPLETECALLER|10|60|2"),
        ("talk_ended", None, "anna|COMPLETECALLER|10|60|2"),
        ("transferred", "802", "anna|BLINDTRANSFER|802|hotline-transfer|10|60|2"),
        ("joined", None, "anna|ATTENDEDTRANSFER|BRIDGE||10|60|2"),
    ],
)
def test_how_a_talk_ended(reason, target, line):
    assert text(replace(TALKED, reason=reason, target=target))[-1] == f"1071|c1|line|{line}"


@pytest.mark.parametrize(
    ("outcome", "reason", "line"),
    [
        ("abandoned", "waiting", "ABANDON|1|2|29"),
        ("lost", "lost", "ABANDON|1|2|29"),
        ("overflowed", "max_wait", "EXITWITHTIMEOUT|1|2|29"),
        ("overflowed", "empty", "EXITEMPTY|1|2|29"),
        ("closed", "closed", "EXITEMPTY|1|2|29"),
        ("left_queue", "menu", "EXITWITHKEY|menu|1|2|29"),
        ("voicemail", "voicemail", "EXITWITHKEY|voicemail|1|2|29"),
        ("callback", "callback", "EXITWITHKEY|callback|1|2|29"),
    ],
)
def test_how_a_wait_without_a_talk_ended(outcome, reason, line):
    assert text(replace(GAVE_UP, outcome=outcome, reason=reason))[-1] == f"1030|c1|line|NONE|{line}"


def test_what_app_queue_does_not_log_is_not_told():
    refused = replace(ENTERED, position=None, ended_at_ms=1_000_400, wait_ms=0)
    assert text(replace(refused, outcome="rejected_full")) == text(replace(refused, outcome="overflowed", reason="empty")) == []
    assert text(replace(TALKED, kind=LegKind.CALLBACK)) == text(replace(TALKED, kind=LegKind.TRANSFER)) == []


def test_a_phone_that_rang_when_the_caller_hung_up():
    rang = replace(GAVE_UP, attempts=(Attempt("o1", "bert", 1_028_000, 2000, "caller_gone"), Attempt("o2", "anna", 1_029_000, 900, "cancelled")))
    assert text(rang)[1:] == ["1030|c1|line|bert|RINGCANCELED|2000", "1030|c1|line|NONE|ABANDON|1|2|29"]


def test_a_text_cannot_break_a_line():
    assert text(ENTERED, "13|8\n0") == ["1000|c1|line|NONE|ENTERQUEUE||13 8 0|2"]


def test_only_what_is_new_is_news():
    assert [line.word for line in news(lines_of(RUNG, ""), lines_of(TALKED, ""))] == ["CONNECT", "COMPLETEAGENT"]
    assert news(lines_of(TALKED, ""), lines_of(TALKED, "")) == []


READY, PAUSED, OUT, TALKING = ((state, "") for state in (AgentState.READY, AgentState.PAUSED, AgentState.LOGGED_OUT, AgentState.TALKING))
LUNCH = (AgentState.PAUSED, "lunch")


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (OUT, READY, ["ADDMEMBER|"]),
        (OUT, LUNCH, ["ADDMEMBER|", "PAUSE|lunch"]),
        (READY, LUNCH, ["PAUSE|lunch"]),
        (LUNCH, (AgentState.PAUSED, "training"), ["PAUSE|training"]),
        (LUNCH, READY, ["UNPAUSE|"]),
        (LUNCH, OUT, ["REMOVEMEMBER|"]),
        (TALKING, LUNCH, ["PAUSE|lunch"]),
        (READY, TALKING, []),
    ],
)
def test_what_agents_do_is_told_for_each_of_their_queues(old, new, lines):
    told = [str(line) for line in agent_lines("anna", ("line", "spare"), 5000, old, new)]
    assert told == [f"5|NONE|{queue}|anna|{line}" for line in lines for queue in ("line", "spare")]


def test_an_agents_day_out_of_his_spans():
    spans = [
        Span("anna", AgentState.READY, "", 1000, 5000), Span("anna", AgentState.PAUSED, "lunch", 5000, 9000), Span("anna", AgentState.READY, "", 9000, 12_000),
        Span("anna", AgentState.READY, "", 20_000, None),
    ]  # fmt: skip
    assert [str(line) for line in lines_of_spans("anna", ("line",), spans)] == [
        "1|NONE|line|anna|ADDMEMBER|", "5|NONE|line|anna|PAUSE|lunch", "9|NONE|line|anna|UNPAUSE|", "12|NONE|line|anna|REMOVEMEMBER|",
        "20|NONE|line|anna|ADDMEMBER|",
    ]  # fmt: skip


class FakeClock:
    def wall_ms(self):
        return 999_000

    def to_wall_ms(self, monotonic):
        return int(monotonic * 1000)


def live(path):
    policy = Policy(queues={"line": Queue("line")}, agents={"anna": Agent("anna", queues=("line",))})
    return QueueLogFile(path, FakeClock(), policy=lambda: policy, caller_of=lambda _call: "138")


def test_the_file_is_written_in_order_and_moved_away_it_begins_anew(tmp_path):
    path = tmp_path / "queue_log"
    log = live(path)
    log.told(AgentChanged("anna", AgentState.LOGGED_OUT, AgentState.READY, "", 0.0), 990.0)  # while an adoption goes on
    log.settle()
    log.told(CallEntered("c1", "line", "", resumed=False), 1000.4)
    log.told(AgentChanged("anna", AgentState.LOGGED_OUT, AgentState.READY, "", 0.0), 1005.0)
    log.written([Written(None, ENTERED), Written(ENTERED, RUNG)])
    assert asyncio.run(log.flush())
    path.rename(tmp_path / "queue_log.1")
    log.written([Written(RUNG, TALKS)])
    log.written([Written(TALKS, TALKED)])
    assert asyncio.run(log.flush())
    assert (tmp_path / "queue_log.1").read_text() == (
        "999|NONE|NONE|NONE|QUEUESTART|\n1000|c1|line|NONE|ENTERQUEUE||138|2\n1005|NONE|line|anna|ADDMEMBER|\n1007|c1|line|bert|RINGNOANSWER|5000\n"
    )
    assert path.read_text() == "1010|c1|line|anna|CONNECT|10|acd-o2|2\n1071|c1|line|anna|COMPLETEAGENT|10|60|2\n"
    assert path.stat().st_mode & 0o007 == 0


def test_lines_wait_for_a_folder_that_is_not_there(tmp_path):
    path = tmp_path / "logs" / "queue_log"
    log = live(path)
    log.written([Written(None, ENTERED)])
    assert not asyncio.run(log.flush())
    path.parent.mkdir()
    assert asyncio.run(log.close(5)) == 0
    assert len(path.read_text().splitlines()) == 2


async def _keep(url):
    await migrate(url)
    database = Database(url)
    async with database.writing() as session:
        legs = [TALKED, replace(GAVE_UP, leg="c2-1", call="c2", entered_at_ms=1_005_000)]
        await session.execute(insert(LEGS), [{**asdict(leg), "kind": leg.kind.value, "attempts": [asdict(one) for one in leg.attempts]} for leg in legs])
        session.add(AgentStateRow(agent="agent01", from_ms=900_000, until_ms=1_100_000, state="ready", reason=""))
    writer = RecordWriter(database)
    writer.begin("c1", started_at_ms=999_000, caller_number="13800138000")
    assert await writer.flush(5)
    await database.close()


@pytest.fixture
def settings(tmp_path):
    file = tmp_path / "hotline.yaml"
    content = {
        "ami": {"events_secret": "x", "actions_secret": "x"}, "http": {"token": "x"}, "database_url": f"sqlite:///{tmp_path}/hotline.db",
        "config_dir": str(PROJECT / "config"), "flows_dir": str(PROJECT / "flows"),
    }  # fmt: skip
    file.write_text(yaml.safe_dump(content))
    asyncio.run(_keep(content["database_url"]))
    return file


def queue_log(settings, *arguments):
    command = [sys.executable, "-m", "cti.cli.main", "queue-log", "--settings", str(settings), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ)


def test_the_command_prints_a_span_sorted_by_time(settings, tmp_path):
    done = queue_log(settings, "--since", "1970-01-01T00:00+00:00", "--until", "1970-01-01T00:17:30+00:00", "-o", str(tmp_path / "log"))
    assert (done.returncode, done.stderr) == (0, "")
    lines = (tmp_path / "log").read_text().splitlines()
    assert [line.split("|")[1:5] for line in lines if "agent01" not in line] == [
        ["c1", "line", "NONE", "ENTERQUEUE"], ["c2", "line", "NONE", "ENTERQUEUE"], ["c1", "line", "bert", "RINGNOANSWER"],
        ["c1", "line", "anna", "CONNECT"], ["c2", "line", "NONE", "ABANDON"],
    ]  # fmt: skip
    assert lines[0].endswith("|agent01|ADDMEMBER|")
    assert [int(line.partition("|")[0]) for line in lines] == sorted(int(line.partition("|")[0]) for line in lines)
    assert not any("REMOVEMEMBER" in line or "COMPLETE" in line for line in lines)  # they came later
    assert "1000|c1|line|NONE|ENTERQUEUE||13800138000|2" in lines


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (("--date", "yesterdy"), "2026-11-22"),
        (("--since", "8 o'clock"), "2026-11-22T08:00"),
        (("--since", "2026-11-22", "--until", "2026-11-21"), "Exchange"),
        (("--date", "today", "--since", "2026-11-22"), "leave out"),
        (("--follow", "--until", "2026-11-22"), "leave out"),
        (("-o", "/nowhere/log"), "folder"),
        (("--database", "mysql://h/d"), "sqlite:///"),
    ],
)
def test_wrong_options_end_with_two_and_the_cure(settings, arguments, cure):
    done = queue_log(settings, *arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert cure in done.stderr
