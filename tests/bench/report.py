"""Prints what a bench measured; with HOTLINE_BENCH_UPDATE=1 also writes it into its place in docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


def machine() -> str:
    """One line about where this was measured."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), Python {platform.python_version()}, {platform.system()} {platform.release()}"


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def table(head: tuple[str, ...], *rows: tuple[object, ...]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def report(name: str, text: str) -> None:
    """Show `text`, and put it between the marks of `name` in the page when asked."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    text = f"{text}\n\nMeasured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {machine()}; load of the machine meanwhile {load}."
    print(f"\n== {name}\n{text}\n")  # noqa: T201 showing is its purpose
    if not os.environ.get("HOTLINE_BENCH_UPDATE"):
        return
    page = PAGE.read_text(encoding="utf-8")
    marks = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    before, _, rest = page.partition(marks[0])
    _, found, after = rest.partition(marks[1])
    assert found, f"{PAGE}: no {marks[0]} … {marks[1]}"
    PAGE.write_text(f"{before}{marks[0]}\n{text}\n{marks[1]}{after}", encoding="utf-8")
