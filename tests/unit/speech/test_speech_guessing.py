"""Values as people type them."""

import pytest

from ivr.speech import Kind, guess


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("¥1234.50", Kind.MONEY, "123450"),
        ("￥1,234.5", Kind.MONEY, "123450"),
        ("-¥12", Kind.MONEY, "-1200"),
        ("¥-12", Kind.MONEY, "-1200"),
        ("¥ 0.05", Kind.MONEY, "005"),
        ("2026-11-21", Kind.DATE, "2026-11-21"),
        ("2026-11", Kind.DATE, "2026-11"),
        ("15:20", Kind.TIME, "15:20"),
        ("13800138000", Kind.PHONE, "13800138000"),
        ("+86 138 0013 8000", Kind.PHONE, "+86 138 0013 8000"),
        ("021-61234567", Kind.PHONE, "021-61234567"),
        (" 105 ", Kind.NUMBER, "105"),
        ("-12.5", Kind.NUMBER, "-12.5"),
        ("0105", Kind.DIGITS, "0105"),
        ("F-20261121-7", Kind.TICKET, "F-20261121-7"),
    ],
)
def test_kind_is_seen(written, kind, value):
    assert guess(written) == (kind, value)


@pytest.mark.parametrize("written", ["hello", "您好", "", "¥12.345", "¥", "12:3"])
def test_words_are_no_value(written):
    assert guess(written) is None
