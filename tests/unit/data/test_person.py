"""What is stored about a person: found in any form of his number, and gone for good when deleted."""

import asyncio
import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from sqlalchemy import select

from cti.callbacks.promise import Promise
from cti.config.dialing import load_dialing
from cti.database import Database
from cti.database.demo import seed_demo
from cti.database.models import (
    CallRecordRow,
    DecisionRow,
    EffectRow,
    MessageRow,
    PhoneRow,
    SmsRow,
    SurveyRow,
    TicketRow,
)
from cti.dialing import Numbering
from cti.records.calls import RecordWriter
from cti.records.person import find_person, forms_of
from cti.store.base import Namespace
from cti.store.opening import open_store

PROJECT = Path(__file__).parents[3]
HIS, OTHERS = "13800138002", "13800138003"
AT = 1_795_200_000_000


def test_a_number_has_its_forms_and_what_is_none_has_none():
    numbering = Numbering()
    expected = {"13800138002", "8613800138002", "+8613800138002", "008613800138002"}
    for written in ("13800138002", "+86 138-0013-8002", "008613800138002"):
        assert set(forms_of(written, numbering)) == expected
    assert {"01067890123", "1067890123", "+861067890123"} <= set(forms_of("+86 10 6789 0123", numbering))
    for written in ("+49 30 1234567", "0049 30 1234567"):
        assert {"0049301234567", "+49301234567", "49301234567"} <= set(forms_of(written, numbering))
    assert forms_of("anonymous", numbering) == forms_of("", numbering) == forms_of("801", numbering) == ()


async def fill(url, store_url, spool):
    """Two people with everything that may be stored about them; one of his calls goes on."""
    database, store = Database(url), open_store(store_url)
    await seed_demo(database, today=dt.date(2026, 11, 21), now_ms=AT)
    records = RecordWriter(database)
    for number, name in ((HIS, "his"), (OTHERS, "others")):
        for at in range(3):  # written again and again, as in life: old copies of a row must not outlive it
            records.update(f"{name}1", caller_number=f"+86{number}", started_at_ms=AT, account="10000002", trail=[{"step": f"s{at}", "result": f"to {number}"}])
            assert await records.flush(5)
        records.finish(f"{name}1", ended_at_ms=AT + 1000, outcome="answered", tickets=[f"t-{name}"], agent="anna", queue="line")
        async with database.writing() as session:
            session.add_all([
                TicketRow(ticket=f"t-{name}", account="10000002", caller=number, tier="gold", area="", kind="outage", recording=f"fault-{name}", created_at_ms=AT, deadline_at_ms=AT),
                MessageRow(caller=number, account="10000002", recording=f"voice-{name}.wav", seconds=4.0, created_at_ms=AT),
                SurveyRow(call=f"{name}1", agent="anna", queue="line", score=5, created_at_ms=AT),
                SmsRow(key=f"{name}1.sms.1", gateway="demo", number=number, caller=number, text=f"{number}: your ticket", language="en", state="sent", created_at_ms=AT),
                EffectRow(key=f"{name}1.ticket.1", operation="create_ticket", reply={"ticket": f"t-{name}", "told": f"+86{number}"}, created_at_ms=AT),
                DecisionRow(offer=f"o-{name}", call=f"{name}1", at_ms=AT, document={"offer": "o", "caller": [number]}),
            ])  # fmt: skip
        for recording in (f"fault-{name}", f"voice-{name}"):
            (spool / "recordings").mkdir(exist_ok=True, parents=True)
            (spool / "recordings" / f"{recording}.wav").write_bytes(b"RIFF")
        promise = Promise(f"k-{name}", number, "line", "", (), "zh", AT, AT, AT + 10**9)
        await store.put(Namespace.CALLBACKS, promise.callback, promise.to_json())
    assert await records.flush(5)
    await store.close()
    await database.close()


@pytest_asyncio.fixture
async def place(database_url, tmp_path):
    store_url = f"sqlite:///{tmp_path}/store.db"
    await fill(database_url, store_url, tmp_path / "spool")
    content = {
        "ami": {"events_secret": "x", "actions_secret": "x"}, "http": {"token": "x", "port": 9}, "database_url": database_url, "store_url": store_url,
        "spool_dir": str(tmp_path / "spool"), "config_dir": str(PROJECT / "config"),
    }  # fmt: skip
    (tmp_path / "hotline.yaml").write_text(yaml.safe_dump(content))
    return content


async def person(*arguments, tmp_path):
    command = [sys.executable, "-m", "cti.cli.main", "person", *arguments, "--settings", str(tmp_path / "hotline.yaml")]
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False, env=os.environ)


async def found(place, number):
    database, store = Database(place["database_url"]), open_store(place["store_url"])
    try:
        return await find_person(database, store, Path(place["spool_dir"]), forms_of(number, load_dialing(PROJECT / "config").numbering))
    finally:
        await store.close()
        await database.close()


@pytest.mark.asyncio
async def test_it_is_shown_and_told_before_it_is_done(place, tmp_path):
    before = await found(place, HIS)
    for arguments in (("show", "+86 138 0013 8002"), ("delete", HIS)):
        done = await person(*arguments, tmp_path=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        for told in ("call 2026", "ticket 2026", "voicemails: deleted", "callbacks promised: taken back", "2 recordings: deleted", "3 texts that mention it"):
            assert told in done.stdout, done.stdout
    assert "--yes" in done.stdout
    assert await found(place, HIS) == before


@pytest.mark.asyncio
async def test_deleted_it_is_gone_and_nobody_elses_is(place, tmp_path):
    others = await found(place, OTHERS)
    done = await person("delete", "+8613800138002", "--yes", tmp_path=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Deleted." in done.stdout
    assert (await found(place, HIS)).empty
    assert await found(place, OTHERS) == others
    assert sorted(path.stem for path in (tmp_path / "spool" / "recordings").iterdir()) == ["fault-others", "voice-others"]
    database = Database(place["database_url"])
    async with database.reading() as session:
        call = await session.get(CallRecordRow, "his1")
        assert (call.caller_number, call.account, call.tickets, call.outcome, call.agent) == (None, None, [], "answered", "anna")
        assert call.trail[-1]["result"] == "to (deleted)"
        ticket = await session.get(TicketRow, "t-his")
        assert (ticket.caller, ticket.recording, ticket.kind, ticket.account) == ("", None, "outage", "10000002")
        assert sorted((await session.execute(select(SurveyRow.call))).scalars()) == ["", "others1"]
        assert list((await session.execute(select(PhoneRow).where(PhoneRow.number == HIS))).scalars()) == []
        assert (await session.get(EffectRow, "his1.ticket.1")).reply == {"ticket": "t-his", "told": "(deleted)"}
    await database.close()
    for file in tmp_path.glob("*.db*"):  # with its log; the store's too
        assert HIS.encode() not in file.read_bytes(), file
    again = await person("delete", HIS, "--yes", tmp_path=tmp_path)
    assert "Nothing is stored" in again.stdout


@pytest.mark.asyncio
async def test_a_call_that_goes_on_is_left_and_told(place, tmp_path):
    database = Database(place["database_url"])
    records = RecordWriter(database)
    records.begin("his2", started_at_ms=AT, caller_number=HIS)
    assert await records.flush(5)
    done = await person("delete", HIS, "--yes", tmp_path=tmp_path)
    assert (done.returncode, "again" in done.stderr) == (1, True)
    assert (await found(place, HIS)).open_calls == ["his2"]
    records.finish("his2", ended_at_ms=AT + 1, outcome="abandoned")
    assert await records.flush(5)
    await database.close()
    assert (await person("delete", HIS, "--yes", tmp_path=tmp_path)).returncode == 0
    assert (await found(place, HIS)).empty


@pytest.mark.asyncio
@pytest.mark.parametrize("number", ["agent", "801", ""])
async def test_what_is_no_number_is_refused(place, tmp_path, number):
    done = await person("delete", number, "--yes", tmp_path=tmp_path)
    assert (done.returncode, "13800138000" in done.stderr) == (2, True)
