"""The script for the studio: everything to be recorded, once, with its name, reading, place and manner."""

import csv
import io
import re

import pytest

from cti.prompts.pace import expected_seconds, possible_seconds
from cti.prompts.script import pinyin, script, studio_name
from cti.prompts.script_files import as_csv, as_page
from cti.prompts.voices import is_pause
from cti.prompts.wanted import wanted_of
from tests.unit.ivr.ivr_room import ROOT


@pytest.fixture(scope="module")
def lines():
    flows, prompts = wanted_of(ROOT / "flows")
    return {(line.language, line.id): line for line in script(flows, prompts)}


def test_every_prompt_is_there_once_but_for_pauses(lines):
    _, prompts = wanted_of(ROOT / "flows")
    assert set(lines) == {(prompt.language, prompt.id) for prompt in prompts if not is_pause(prompt.text)}
    assert len({line.file for line in lines.values()}) == len(lines)


def test_a_line_tells_file_text_reading_place_and_manner(lines):
    line = lines["zh", "balance/owing_until-2"]
    assert (line.group, line.file, line.text) == ("balance", "zh.balance.owing_until-2", "，请在")
    assert line.reading.endswith("qǐng zài")
    source = (ROOT / "flows/balance.yaml").read_text(encoding="utf-8").splitlines()
    (place,) = line.where
    assert source[int(re.fullmatch(r"balance/owing_until balance\.yaml:(\d+)", place)[1]) - 1].strip().startswith("owing_until:")
    assert "紧接在数值" in line.notes
    assert "语调不要下降" in line.notes
    assert "keep the voice up" in lines["en", "balance/owing_until-1"].notes
    assert lines["en", "main/welcome-1"].notes == "a whole sentence: end it naturally"


@pytest.mark.parametrize(
    ("id_", "note"), [("say/n-5", "level tone"), ("say/money", "a unit"), ("say/month-3", "date or time"), ("say/letter-b", "letter")]
)
def test_pieces_of_values_say_how_they_join(lines, id_, note):
    assert note in lines["en", id_].notes
    assert lines["en", id_].group == "say"


def test_a_phrase_names_every_step_that_says_it(lines):
    assert len(lines["zh", "phrases/goodbye"].where) > 1
    assert lines["zh", "phrases/agent-logged-in"].where == ()


def test_readings_follow_the_words_and_what_dictionaries_get_wrong():
    assert pinyin("重听请按一，重新选择，还款") == "chóng tīng qǐng àn yī ， chóng xīn xuǎn zé ， huán kuǎn"
    assert pinyin("OK") == ""


def test_the_table_opens_in_a_spreadsheet_with_its_characters(lines):
    text = as_csv(lines.values())
    assert text.startswith("\ufeffgroup,file,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["text"] for row in rows] == [line.text for line in lines.values()]
    assert {row["file"] for row in rows} == {studio_name(f"{row['language']}/{row['id']}") for row in rows}


def test_the_page_has_each_line_of_its_language_and_cannot_be_broken_by_a_text(lines):
    page = as_page(lines.values(), "zh")
    mine = [line for line in lines.values() if line.language == "zh"]
    assert page.count('<div class="text">') == len(mine)
    assert f"共 {len(mine)} 条" in page
    assert "http" not in page
    assert "&lt;b&gt;" in as_page([type(mine[0])("say", "f", "zh", "i", "<b>", "", (), "", 1.0)], "zh")


def test_longer_texts_take_longer_and_the_bounds_hold_the_expected_time():
    for language, short, long in (("zh", "五", "查询电费请按一，故障报修请按二。"), ("en", "five", "For your balance, press one.")):
        assert expected_seconds(short, language) < expected_seconds(long, language)
        for text in (short, long):
            shortest, longest = possible_seconds(text, language)
            assert shortest < expected_seconds(text, language) < longest
