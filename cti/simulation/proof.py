"""The simulator beside the formulas: measured once, kept as JSON, rendered into docs/routing.md and its drawings."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from acd.proof.cases import THREE_TIERS, experiments
from acd.proof.experiment import CONFIDENCE, SEEDS, Experiment, Played, fate
from acd.proof.tiers import head_starts, tiers_of
from acd.theory.confidence import controlled
from acd.theory.erlang import ErlangC
from acd.theory.priority import priority_waits
from acd.theory.recursion import first_come_waits, head_start_waits
from cti.simulation.plot import COLOURS, new_figure, svg

BEGIN, END = "<!-- measured: made by `hotline acd proof` -->\n", "<!-- end of measured -->\n"
MEASURED, AGREEMENT, HEAD_STARTS = "proof.json", "agreement.svg", "head-starts.svg"
STEPS = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0)
STEP_CALLS = 20_000
AGENTS = 10


def measure(progress: Callable[[str], None]) -> dict[str, Any]:
    """Play every experiment with every seed; takes minutes. `progress` is told what comes next."""
    measured = {}
    for experiment in experiments():
        progress(experiment.name)
        measured[experiment.name] = replay(experiment, SEEDS)
    progress("head starts")
    return {"experiments": measured, "head_starts": measure_steps()}


def replay(experiment: Experiment, seeds: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return what each seed measured, as plain values."""
    played = [experiment.play(seed, experiment.calls) for seed in seeds]
    return [
        {"seed": seed, "control": one.control, "values": dict(one.values)}
        for seed, one in zip(seeds, played, strict=True)
    ]


def measure_steps() -> list[list[float]]:
    """Return each tier's mean wait for each head start, then the mean of all; first come first served is the control.

    By the definition of the rule, to which the engine is equal call by call (tests/unit/theory/test_theory_engine.py).
    """
    return [_measure_step(step) for step in STEPS]


def _measure_step(step: float) -> list[float]:
    means, fair = [], []
    for seed in SEEDS:
        drawn, ranks = fate(seed, STEP_CALLS, sum(THREE_TIERS.values())), tiers_of(seed, STEP_CALLS, THREE_TIERS)
        starts = head_starts(THREE_TIERS, step)
        waited = head_start_waits(AGENTS, drawn.arrivals, [starts[rank] for rank in ranks], drawn.talks)
        by_tier = [[wait for wait, rank in zip(waited, ranks, strict=True) if rank == tier] for tier in THREE_TIERS]
        means.append([*(fmean(waits) for waits in by_tier), fmean(waited)])
        fair.append(fmean(first_come_waits(AGENTS, drawn.arrivals, drawn.talks)))
    exact = ErlangC(AGENTS, sum(THREE_TIERS.values()), 1.0).mean_wait_seconds
    return [controlled([row[place] for row in means], fair, exact).mean for place in range(len(THREE_TIERS) + 1)]


def render(measured: dict[str, Any]) -> dict[str, str]:
    """Return the generated part of docs/routing.md under "", and the drawings by file name."""
    return {"": _tables(measured), AGREEMENT: _agreement(measured), HEAD_STARTS: _head_starts(measured)}


def write(folder: Path, measured: dict[str, Any]) -> None:
    """Write JSON and drawings into `folder`/routing and the tables into `folder`/routing.md.

    Raises:
        OSError: it cannot be written.

    """
    (folder / "routing").mkdir(exist_ok=True)
    rendered = render(measured)
    (folder / "routing" / MEASURED).write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    for name, text in rendered.items():
        if name:
            (folder / "routing" / name).write_text(text, encoding="utf-8")
    page = folder / "routing.md"
    page.write_text(with_tables(page.read_text(encoding="utf-8"), rendered[""]), encoding="utf-8")


def with_tables(page: str, tables: str) -> str:
    """Return the page with the generated part between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{tables}{END}{after}"


def _rows(measured: dict[str, Any]) -> list[tuple[Experiment, str, float, float, float, float]]:
    """Return experiment, quantity, formula, mean, half width, half width as share, for every quantity."""
    rows = []
    for experiment in experiments():
        played = [Played(one["values"], one["control"]) for one in measured["experiments"][experiment.name]]
        for quantity, found in experiment.intervals(played).items():
            exact = experiment.formulas[quantity]
            rows.append((experiment, quantity, exact, found.mean, found.half_width, found.relative_half_width))
    return rows


def _tables(measured: dict[str, Any]) -> str:
    lines = [
        "",
        "Waits are in mean talks. Every row: 20 replications, seeds 1 to 20, 99 % interval.",
        "",
        "| experiment | source | calls each | quantity | formula | engine | interval | inside |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for experiment, quantity, exact, mean, half, relative in _rows(measured):
        inside = "yes" if abs(mean - exact) <= half else "**no**"
        lines.append(
            f"| {experiment.name} | {experiment.source} | {experiment.calls} | {quantity} | {exact:.6f} | {mean:.6f} | ±{100 * relative:.2f} % | {inside} |"
        )
    lines += ["", f"![How far the engine is from the formulas](routing/{AGREEMENT})", ""]
    lines += [
        "Head start of each tier over the next, ten agents, nine erlangs; by the definition of the rule, to which the engine is equal call by call:",
        "",
    ]
    tiers = list(THREE_TIERS)
    lines += [f"| head start | {' | '.join(tiers)} | all |", "|---" * (len(tiers) + 2) + "|"]
    for step, row in zip(STEPS, measured["head_starts"], strict=True):
        lines.append(f"| {step:g} | " + " | ".join(f"{value:.6f}" for value in row) + " |")
    fair = ErlangC(AGENTS, sum(THREE_TIERS.values()), 1.0).mean_wait_seconds
    strict = priority_waits(AGENTS, list(THREE_TIERS.values()), 1.0)
    lines.append("| formula, first come first served | " + " | ".join([f"{fair:.6f}"] * (len(tiers) + 1)) + " |")
    lines.append("| formula, strict priority | " + " | ".join(f"{wait:.6f}" for wait in strict) + f" | {fair:.6f} |")
    lines += ["", f"![Waits of the tiers as the head start grows](routing/{HEAD_STARTS})", ""]
    return "\n".join(lines) + "\n"


def _agreement(measured: dict[str, Any]) -> str:
    rows = _rows(measured)[::-1]
    figure, (panel,) = new_figure(1, 1, 10, 0.32 * len(rows) + 1)
    for place, (experiment, _, exact, mean, half, _) in enumerate(rows):
        colour = COLOURS[0] if abs(mean - exact) <= half else COLOURS[4]
        panel.errorbar(
            100 * (mean / exact - 1), place, xerr=100 * half / exact, fmt="o", color=colour, capsize=3, markersize=4
        )
        panel.plot(
            [-100 * experiment.widest, 100 * experiment.widest],
            [place, place],
            color="#94a3b8",
            linewidth=0.6,
            zorder=0,
        )
    panel.axvline(0, color="#111827", linewidth=0.8)
    panel.set_yticks(
        range(len(rows)), [f"{experiment.name}: {quantity}" for experiment, quantity, *_ in rows], fontsize=8
    )
    panel.set_xlabel(f"engine against formula (%), {100 * CONFIDENCE:.0f} % intervals; grey: how wide they may be")
    return svg(figure)


def _head_starts(measured: dict[str, Any]) -> str:
    figure, (panel,) = new_figure(1, 1, 8, 4.5)
    rows = measured["head_starts"]
    strict = priority_waits(AGENTS, list(THREE_TIERS.values()), 1.0)
    for place, tier in enumerate(THREE_TIERS):
        panel.plot(STEPS, [row[place] for row in rows], marker="o", markersize=4, color=COLOURS[place], label=tier)
        panel.axhline(strict[place], color=COLOURS[place], linewidth=0.7, linestyle=":")
    panel.plot(STEPS, [row[-1] for row in rows], color="#111827", linewidth=1, label="all: conserved")
    panel.set_xscale("symlog", linthresh=0.05)
    panel.set_xlabel("head start over the next tier (mean talks); dotted: strict priority by formula")
    panel.set_ylabel("mean wait (mean talks)")
    panel.legend(frameon=False)
    return svg(figure)
