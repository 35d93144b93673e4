"""`hotline replay`: a call told from its record in a real database."""

import asyncio

from cti.database import Database, migrate
from cti.records.calls import RecordWriter
from ivr.flows import load_flows
from ivr.replay import retell
from tests.unit.ivr.ivr_room import ROOT
from tests.unit.ivr.test_ivr_commands_line import run

FLOWS = load_flows(ROOT / "flows")
BEGAN = 1_795_140_000_000
TRAIL = [
    {"at_ms": BEGAN + 1500, "flow": "main", "step": "welcome", "type": "say", "result": "said"},
    {"at_ms": BEGAN + 9000, "flow": "main", "step": "menu", "type": "menu", "result": "invalid"},
    {"at_ms": BEGAN + 12000, "flow": "balance", "step": "owing", "type": "say", "result": "said"},
    {"at_ms": BEGAN + 13000, "flow": "gone", "step": "x", "type": "say", "result": "said"},
]


def database(tmp_path, **news) -> str:
    url = f"sqlite:///{tmp_path / 'calls.db'}"

    async def write() -> None:
        await migrate(url)
        db = Database(url)
        writer = RecordWriter(db)
        writer.begin("c-1", started_at_ms=BEGAN, caller_number="13800138001", **news)
        writer.finish("c-1", ended_at_ms=BEGAN + 14000, outcome="completed", trail=TRAIL, tickets=["T1"])
        assert await writer.flush(10)
        await db.close()

    asyncio.run(write())
    return url


def test_times_steps_results_and_texts_in_both_languages(tmp_path):
    result = run(
        "replay", "c-1", "--database", database(tmp_path, flow_version=FLOWS.version), "--flows", ROOT / "flows"
    )
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "call c-1 from 13800138001, 2026-11-20 10:00:00"
    assert "outcome completed; tickets T1" in lines[1]
    assert "     1.5 s  main/welcome (say): said" in lines
    assert "            [zh] 欢迎致电光明电力客户服务热线。" in lines
    assert "            [en] Welcome to the Guangming Power customer hotline." in lines
    assert any("That key is not in use here" in line for line in lines)
    assert "    13.0 s  gone/x (say): said" in lines
    assert "version" not in result.output


def test_another_version_of_the_flows_is_told(tmp_path):
    result = run("replay", "c-1", "--database", database(tmp_path, flow_version="older"), "--flows", ROOT / "flows")
    assert "It went through version older" in result.output


def test_an_unknown_call_is_status_1_and_bad_words_are_2(tmp_path):
    url = database(tmp_path)
    assert run("replay", "c-2", "--database", url, "--flows", ROOT / "flows").exit_code == 1
    assert run("replay", "c-1", "--database", "mongo://x", "--flows", ROOT / "flows").exit_code == 2
    assert run("replay", "c-1", "--database", url, "--flows", tmp_path).exit_code == 2
    assert run("replay", "c-1", "--database", url, "--flows", ROOT / "flows", "--zone", "Mars/X").exit_code == 2


def test_values_are_left_out_and_damaged_entries_passed_over():
    told = retell([{"at_ms": "x"}, {}, *TRAIL], FLOWS)
    assert len(told) == 4
    assert told[2].texts["en"] == "You owe …"


def test_the_key_pressed_and_the_condition_that_held_are_told():
    trail = [
        {"at_ms": BEGAN, "flow": "main", "step": "has_number", "type": "branch", "result": "case 1"},
        {"at_ms": BEGAN, "flow": "main", "step": "has_number", "type": "branch", "result": "case 99"},
        {"at_ms": BEGAN, "flow": "main", "step": "menu", "type": "menu", "result": "choice", "key": "2"},
    ]
    assert [told.result for told in retell(trail, FLOWS)] == [
        'case 1: call.caller_number != ""',
        "case 99",
        "choice, key 2",
    ]


def test_a_text_message_is_told_as_it_was_written_when_it_was_sent():
    sent, limited = (
        {"at_ms": BEGAN, "flow": "fault", "step": "text_number", "type": "sms", "result": result}
        for result in ("sent", "limited")
    )
    told = retell([sent, limited], FLOWS)
    assert told[0].texts["en"].startswith("Guangming Power: your report … has been taken.")
    assert told[1].texts == {}
