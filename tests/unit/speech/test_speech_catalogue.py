"""The catalogue holds every prompt that speech can ask for, once, under a name Asterisk can play."""

import re

import pytest

from ivr.speech import Currency, Kind, Language, catalogue, speak, text, texts

VALUES = {
    Kind.NUMBER: [
        *range(1200),
        *(10**n for n in range(13)),
        *(digit * 10**n for n in range(12) for digit in range(2, 10)),
        "-1.5",
    ],
    Kind.MONEY: [*range(300), 10**14, -1],
    Kind.DIGITS: ["0123456789"],
    Kind.DATE: [*(f"{year}-01-01" for year in range(1000, 2101)), *(f"2026-{month:02}-28" for month in range(1, 13))]
    + [f"2026-01-{day:02}" for day in range(1, 32)],
    Kind.TIME: [f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)],
    Kind.DURATION: [*range(200), 3600, 3601, 7200, 86400, 86401, 10**9],
    Kind.PHONE: ["+0123456789", "13800138001"],
    Kind.TICKET: ["abcdefghijklmnopqrstuvwxyz-0123456789"],
}


@pytest.mark.parametrize("language", list(Language))
def test_speech_and_catalogue_know_the_same_prompts(language):
    spoken = {prompt for kind, values in VALUES.items() for value in values for prompt in speak(kind, value, language)}
    assert spoken == set(texts(language))


def test_ids_are_playable_and_texts_are_not_empty():
    for prompt in catalogue():
        assert re.fullmatch(r"[a-z0-9_-]+(/[a-z0-9_-]+)+", prompt.id)
        assert prompt.text.strip()


def test_every_prompt_is_there_once():
    names = [(prompt.language, prompt.id) for prompt in catalogue()]
    assert names == sorted(set(names))


def test_another_currency_changes_words_only():
    dollars = Currency("美元", "角", "美分", "dollar", "dollars", "cent", "cents")
    assert text(speak("money", 101, "en"), "en", currency=dollars) == "one dollar and one cent"
    assert text(speak("money", 250, "en"), "en", currency=dollars) == "two dollars and fifty cents"
    assert text(speak("money", 205, "zh"), "zh", currency=dollars) == "两美元零五美分"
    assert {prompt.id for prompt in catalogue(dollars)} == {prompt.id for prompt in catalogue()}


def test_text_shows_flow_prompts_and_marks_unknown_ones():
    ids = ("balance/tell-1", *speak("money", 100, "zh"), "gone/away-1")
    assert text(ids, "zh", {"balance/tell-1": "您的余额是"}) == "您的余额是一元<gone/away-1>"
