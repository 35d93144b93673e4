"""What a caller hears, written out by hand."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from ivr.speech import Kind, Language, SpeechError, speak, text

NUMBERS = [
    (0, "零", "zero"),
    (2, "二", "two"),
    (10, "十", "ten"),
    (12, "十二", "twelve"),
    (20, "二十", "twenty"),
    (22, "二十二", "twenty-two"),
    (100, "一百", "one hundred"),
    (102, "一百零二", "one hundred two"),
    (112, "一百一十二", "one hundred twelve"),
    (200, "两百", "two hundred"),
    (222, "两百二十二", "two hundred twenty-two"),
    (1010, "一千零一十", "one thousand ten"),
    (2000, "两千", "two thousand"),
    (2002, "两千零二", "two thousand two"),
    (10000, "一万", "ten thousand"),
    (10005, "一万零五", "ten thousand five"),
    (20000, "两万", "twenty thousand"),
    (120000, "十二万", "one hundred twenty thousand"),
    (220222, "二十二万零两百二十二", "two hundred twenty thousand two hundred twenty-two"),
    (1020304, "一百零二万零三百零四", "one million twenty thousand three hundred four"),
    (10**8, "一亿", "one hundred million"),
    (2 * 10**8 + 20000, "两亿零两万", "two hundred million twenty thousand"),
    (100010001, "一亿零一万零一", "one hundred million ten thousand one"),
    (100000001, "一亿零一", "one hundred million one"),
    (1010101010, "十亿一千零一十万一千零一十", "one billion ten million one hundred one thousand ten"),
    (12_0000_0012, "十二亿零一十二", "one billion two hundred million twelve"),
    (2000_0000_0000, "两千亿", "two hundred billion"),
    (10**12, "一万亿", "one trillion"),
    (-105, "负一百零五", "minus one hundred five"),
    ("007", "七", "seven"),
    (" 12 ", "十二", "twelve"),
    ("+5", "五", "five"),
    (12.0, "十二", "twelve"),
    (Decimal("1E+3"), "一千", "one thousand"),
    (0.5, "零点五", "zero point five"),
    ("-12.050", "负十二点零五", "minus twelve point zero five"),
    (1e-6, "零点零零零零零一", "zero point zero zero zero zero zero one"),
]

MONEY = [
    (0, "零元", "zero yuan"),
    (2, "两分", "two fen"),
    (20, "两角", "twenty fen"),
    (5, "五分", "five fen"),
    (100, "一元", "one yuan"),
    (200, "两元", "two yuan"),
    (201, "两元零一分", "two yuan and one fen"),
    (202, "两元零二分", "two yuan and two fen"),
    (222, "两元两角两分", "two yuan and twenty-two fen"),
    (1230, "十二元三角", "twelve yuan and thirty fen"),
    (10200, "一百零二元", "one hundred two yuan"),
    (123450, "一千两百三十四元五角", "one thousand two hundred thirty-four yuan and fifty fen"),
    (-1205, "负十二元零五分", "minus twelve yuan and five fen"),
    ("1230", "十二元三角", "twelve yuan and thirty fen"),
    (10**14, "一万亿元", "one trillion yuan"),
]

DATES = [
    ("2026-11-21", "二零二六年十一月二十一日", "November twenty-first twenty twenty-six"),
    ("2026-10", "二零二六年十月", "October twenty twenty-six"),
    ("2026-02-02T23:30:00+08:00", "二零二六年二月二日", "February second twenty twenty-six"),
    (date(2000, 1, 31), "二零零零年一月三十一日", "January thirty-first two thousand"),
    (datetime(2005, 5, 20, 1, 2, 3), "二零零五年五月二十日", "May twentieth two thousand five"),  # noqa: DTZ001
    ("1900-12-30", "一九零零年十二月三十日", "December thirtieth nineteen hundred"),
    ("1905-06-12", "一九零五年六月十二日", "June twelfth nineteen oh five"),
    ("2010-04-03", "二零一零年四月三日", "April third twenty ten"),
]

TIMES = [
    ("00:00", "凌晨零点整", "midnight"),
    ("00:05", "凌晨零点零五分", "twelve oh five a.m."),
    ("02:22", "凌晨两点二十二分", "two twenty-two a.m."),
    ("08:00:59", "上午八点整", "eight a.m."),
    ("12:00", "中午十二点整", "noon"),
    ("12:30", "中午十二点三十分", "twelve thirty p.m."),
    ("14:02", "下午两点零二分", "two oh two p.m."),
    ("18:00", "晚上六点整", "six p.m."),
    (time(23, 59), "晚上十一点五十九分", "eleven fifty-nine p.m."),
    ("2026-11-21T15:20:00+08:00", "下午三点二十分", "three twenty p.m."),
]

DURATIONS = [
    (0, "零秒", "zero seconds"),
    (1, "一秒", "one second"),
    (2, "两秒", "two seconds"),
    (59.5, "一分钟", "one minute"),
    (120, "两分钟", "two minutes"),
    (3600, "一小时", "one hour"),
    (3602, "一小时零二秒", "one hour and two seconds"),
    (3725, "一小时两分钟五秒", "one hour two minutes and five seconds"),
    (86415, "一天零十五秒", "one day and fifteen seconds"),
    (2 * 86400 + 7200, "两天两小时", "two days and two hours"),
]

SPELT = [
    (Kind.DIGITS, "0112", "零一一二", "zero one one two"),
    (Kind.DIGITS, 95598, "九五五九八", "nine five five nine eight"),
    (
        Kind.PHONE,
        "138-0013-8001",
        "幺三八，零零幺三，八零零幺",
        "one three eight, zero zero one three, eight zero zero one",
    ),
    (Kind.PHONE, "95598", "九，五五九八", "nine, five five nine eight"),
    (Kind.PHONE, "+8621", "加八六二幺", "plus eight six two one"),
    (Kind.TICKET, "F-20261121-7", "F，二零二六，一一二一，七", "F, two zero two six, one one two one, seven"),
    (Kind.TICKET, "ab12", "AB，一二", "A B, one two"),
]

EVERYTHING = [
    *((Kind.NUMBER, *case) for case in NUMBERS),
    *((Kind.MONEY, *case) for case in MONEY),
    *((Kind.DATE, *case) for case in DATES),
    *((Kind.TIME, *case) for case in TIMES),
    *((Kind.DURATION, *case) for case in DURATIONS),
    *SPELT,
]


@pytest.mark.parametrize(("kind", "value", "chinese", "english"), EVERYTHING)
def test_value_is_spoken(kind, value, chinese, english):
    assert text(speak(kind, value, Language.ZH), Language.ZH) == chinese
    assert text(speak(kind, value, "en"), "en") == english


def test_country_code_is_a_group_of_its_own():
    spoken = speak("phone", "+86 138 0013 8001", "zh")
    assert text(spoken, "zh") == "加八六，幺三八，零零幺三，八零零幺"


BAD = [
    ("number", "abc", "write it like 1234 or -12.5"),
    ("number", True, "not a number"),
    ("number", None, "not a number"),
    ("number", float("nan"), "not a number"),
    ("number", float("inf"), "not a number"),
    ("number", "１２", "not a number"),
    ("number", 10**12 + 1, "beyond 10^12"),
    ("number", -(10**12) - 1, "beyond 10^12"),
    ("number", "1.2345678", "round it first"),
    ("money", 12.5, "not whole cents"),
    ("money", 10**14 + 1, "beyond 10^12"),
    ("money", "¥12", "not a number"),
    ("date", "2026-02-30", "write it like 2026-11-21"),
    ("date", "2026-13", "write it like 2026-11-21"),
    ("date", 20261121, "not a date"),
    ("date", "0999-01-01", "below 1000"),
    ("time", "24:00", "write it like 15:20"),
    ("time", "2026-11-21", "not a time"),
    ("time", "soon", "not a time"),
    ("time", 900, "not a time"),
    ("duration", -1, "negative"),
    ("duration", 10**12 + 1, "beyond"),
    ("digits", "", "only digits"),
    ("digits", "12a", "only digits"),
    ("digits", -5, "only digits"),
    ("digits", True, "only digits"),
    ("digits", "1" * 65, "at most 64"),
    ("phone", "+", "optional leading +"),
    ("phone", "12#", "optional leading +"),
    ("phone", None, "optional leading +"),
    ("ticket", "F--", "letters A-Z"),
    ("ticket", "工单1", "letters A-Z"),
]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("kind", "value", "complaint"), BAD)
def test_bad_value_is_refused_with_what_was_expected(kind, value, complaint, language):
    with pytest.raises(SpeechError, match=f"^{kind}: .*") as refusal:
        speak(kind, value, language)
    assert complaint in str(refusal.value)


def test_a_long_bad_value_is_shown_short():
    with pytest.raises(SpeechError) as refusal:
        speak("number", "x" * 1000, "zh")
    assert len(str(refusal.value)) < 120


@pytest.mark.parametrize(("kind", "language", "complaint"), [("sum", "zh", "kind"), ("number", "fr", "language")])
def test_unknown_kind_or_language_names_the_known_ones(kind, language, complaint):
    with pytest.raises(SpeechError, match=f"is no {complaint} of speech; use one of: (number|zh)"):
        speak(kind, 1, language)
