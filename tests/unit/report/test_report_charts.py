import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.kpi import Unit
from cti.report.charts import Series, columns, heat, level, strip, ticks
from cti.report.formats import change, figure, hours, seconds


@given(st.floats(0, 1e9))
def test_ticks_are_few_whole_and_reach_the_highest(highest):
    found = ticks(highest)
    assert found[0] == 0
    assert found[-1] >= highest
    assert 2 <= len(found) <= 7
    assert all(tick == int(tick) for tick in found)


def test_columns_are_as_high_as_their_numbers():
    drawing = columns("calls", ["a", "b"], [Series("c-answered", "answered", [100, 50])])
    high, low = (float(part.split('height="')[1].split('"')[0]) for part in drawing.split("<rect")[1:])
    assert high == pytest.approx(2 * low, abs=0.11)


def test_a_line_is_broken_where_there_is_no_figure():
    drawing = level("level", list("abcde"), [0.9, 0.8, None, 0.7, 0.6], 0.9, "target")
    assert drawing.count("<polyline") == 2
    assert drawing.count("<circle") == 4


def test_drawings_bear_nothing_at_all():
    for drawing in (columns("t", [], []), level("t", [], [], None, ""), heat("t", [], [], [], []), strip("t", [("a", "b", 0.0)])):
        assert drawing.startswith("<svg")


def test_what_pointers_are_told_is_text():
    assert "<b>" not in strip("<b>", [("m1", "<b>", 1.0)]).removeprefix("<svg")


@pytest.mark.parametrize(
    ("value", "unit", "language", "expected"),
    [
        (0.9123, Unit.RATIO, "en", "91.2 %"), (0.9123, Unit.RATIO, "zh", "91.2%"), (23.44, Unit.SECONDS, "en", "23.4 s"), (59.96, Unit.SECONDS, "en", "1:00"), (222, Unit.SECONDS, "zh", "3:42"),
        (12345, Unit.COUNT, "en", "12,345"), (4.3, Unit.MARK, "zh", "4.30"), (None, Unit.RATIO, "zh", "–"),
    ],
)  # fmt: skip
def test_figures_are_written_with_their_units(value, unit, language, expected):
    assert figure(value, unit, language) == expected


@pytest.mark.parametrize(
    ("now", "before", "unit", "expected"),
    [
        (0.5, 0.4, Unit.RATIO, "+10.0 pp"), (80, 100, Unit.COUNT, "−20.0 %"), (1, 0, Unit.COUNT, ""), (10.04, 10.0, Unit.SECONDS, "±0"), (None, 1, Unit.RATIO, ""), (70, 5, Unit.SECONDS, "+1:05"),
    ],
)  # fmt: skip
def test_changes_are_written_with_their_sign(now, before, unit, expected):
    assert change(now, before, unit, "en") == expected


def test_long_times_are_hours():
    assert (hours(5400, "en"), hours(5400, "zh"), seconds(None, "en")) == ("1.5 h", "1.5小时", "–")
