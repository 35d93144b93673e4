"""How numbers are written for people, in Chinese and English."""

from cti.kpi.catalogue import Unit

#: stands where there is no figure
NOTHING = "–"
UNCHANGED = "±0"
_MINUTE = 60


def figure(value: float | None, unit: Unit, language: str) -> str:
    """Return a figure with its unit: 91.2 %, 23.4 s, 3:42 (minutes), 1,234, 4.35."""
    if value is None:
        return NOTHING
    match unit:
        case Unit.RATIO:
            return f"{value * 100:.1f}{'' if language == 'zh' else ' '}%"
        case Unit.SECONDS:
            return seconds(value, language)
        case Unit.COUNT:
            return f"{value:,.0f}"
        case Unit.MARK:
            return f"{value:.2f}"


def seconds(value: float | None, language: str) -> str:
    """Return a duration: under a minute as 23.4 s, else as minutes and seconds."""
    if value is None:
        return NOTHING
    if round(value, 1) < _MINUTE:
        return f"{value:.1f}{'秒' if language == 'zh' else ' s'}"
    minutes, rest = divmod(round(value), _MINUTE)
    return f"{minutes}:{rest:02}"


def hours(value: float, language: str) -> str:
    """Return a long duration, given in seconds, in hours."""
    return f"{value / 3600:,.1f}{'小时' if language == 'zh' else ' h'}"


def change(now: float | None, before: float | None, unit: Unit, language: str) -> str:
    """Return how a figure has changed: ratios by percentage points, counts by per cent, all else by its own unit.

    "" without either, and UNCHANGED when no digit that is shown has changed.
    """
    if now is None or before is None:
        return ""
    by = abs(now - before)
    match unit:
        case Unit.RATIO:
            text = f"{by * 100:.1f}{' 个百分点' if language == 'zh' else ' pp'}"
        case Unit.COUNT:
            text = f"{by / before * 100:.1f}{'' if language == 'zh' else ' '}%" if before else ""
        case _:
            text = figure(by, unit, language)
    if not text or not any(digit in "123456789" for digit in text):
        return UNCHANGED if text else ""
    return f"{'+' if now >= before else '−'}{text}"
