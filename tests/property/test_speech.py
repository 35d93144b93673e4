"""Words turned back into the number by parsers that share nothing with the speaker."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.speech import speak, text

ZH_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
ZH_SMALL = {"十": 10, "百": 100, "千": 1000}
EN_ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
EN_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}

numbers = st.integers(0, 10**12) | st.integers(0, 12).map(lambda power: 10**power) | st.integers(0, 100_000)


def zh_value(words: str) -> int:
    """Split at 亿 first (what stands before it may hold 万), then at 万, then add up places."""
    for unit, value in (("亿", 10**8), ("万", 10**4)):
        if unit in words:
            high, _, low = words.rpartition(unit) if unit == "亿" else words.partition(unit)
            return zh_value(high) * value + zh_value(low)
    total = pending = 0
    for word in words:
        if word in ZH_SMALL:
            total += (pending or 1) * ZH_SMALL[word]
            pending = 0
        else:
            pending = ZH_DIGITS[word]
    return total + pending


def en_value(words: str) -> int:
    total = group = 0
    for word in words.replace("-", " ").split():
        if word in EN_SCALES:
            total, group = total + group * EN_SCALES[word], 0
        elif word == "hundred":
            group *= 100
        else:
            group += EN_ONES[word]
    return total + group


@given(numbers)
def test_chinese_words_mean_the_number(number):
    assert zh_value(text(speak("number", number, "zh"), "zh")) == number


@given(numbers)
def test_english_words_mean_the_number(number):
    assert en_value(text(speak("number", number, "en"), "en")) == number


@given(numbers)
def test_chinese_follows_the_rules_of_the_ear(number):
    words = text(speak("number", number, "zh"), "zh")
    assert "零零" not in words
    assert len(words) == 1 or not words.endswith("零")
    assert not any(wrong in words for wrong in ("二百", "二千", "两十", "零百", "零千", "零万", "零亿"))
    assert words == "十" or not words.startswith("一十")


@given(numbers)
def test_an_empty_place_inside_is_heard_as_zero(number):
    """一千零五 and 一千五百 must not be confused: some 零 is heard exactly where digits skip a place."""
    digits = str(number)[-4:].lstrip("0") if number > 9999 else str(number)
    words = text(speak("number", int(digits or 0), "zh"), "zh")
    inner = digits.rstrip("0")
    assert ("零" in words[1:]) == ("0" in inner)


@given(st.integers(-(10**14), 10**14))
def test_money_means_the_cents(cents):
    words = text(speak("money", cents, "zh"), "zh")
    sign = -1 if words.startswith("负") else 1
    units, _, rest = words.removeprefix("负").rpartition("元")
    tenths, _, rest = rest.rpartition("角")
    hundredths = rest.removesuffix("分")
    assert sign * (zh_value(units) * 100 + zh_value(tenths) * 10 + zh_value(hundredths)) == cents
    english = text(speak("money", cents, "en"), "en").removeprefix("minus ")
    units, _, rest = english.rpartition("yuan")
    assert en_value(units) * 100 + en_value(rest.removeprefix(" and ").removesuffix(" fen")) == abs(cents)


@given(st.integers(0, 10**10))
def test_duration_means_the_seconds(seconds):
    words = text(speak("duration", seconds, "zh"), "zh")
    total = 0
    for unit, value in (("天", 86400), ("小时", 3600), ("分钟", 60), ("秒", 1)):
        count, found, rest = words.partition(unit)
        if found:
            total, words = total + zh_value(count) * value, rest
    assert (total, words) == (seconds, "")
