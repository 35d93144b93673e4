"""`hotline acd replay`: a recorded day before another policy, beside what was and what today's policy makes of it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from cti.cli.acd_simulate import COLUMNS, AsJson, figures_table, written
from cti.cli.console import BAD_INPUT, FAILED, fail, say
from cti.cli.db import Address, SettingsFile
from cti.cli.recorded_days import Zone, records_of
from ivr.document import BadDocument

if TYPE_CHECKING:

    from acd.config import Policy
    from acd.simulation.tally import Tally
    from cti.simulation.recorded import RecordedDay


def replay_day(
    day: Annotated[str, typer.Argument(help="the day, like 2026-11-21")],
    config: Annotated[Path, typer.Option(help="folder of the changed queues.yaml, tiers.yaml and agents.yaml")],
    base: Annotated[Path | None, typer.Option(help="folder of today's; default: that of `hotline run`")] = None,
    database: Address = "",
    settings: SettingsFile = None,
    zone: Zone = "Asia/Shanghai",
    seed: Annotated[int, typer.Option(help="of what was not recorded and has to be drawn", min=0)] = 1,
    as_json: AsJson = False,
) -> None:
    """Play a recorded day again with a changed policy: before and after side by side.

    Example: hotline acd replay 2026-11-21 --config new-config --database sqlite:///run/hotline.db

    "was" is what the records say; "base" is the same callers through today's policy, which tells how true the replay is;
    "new" is the changed one. Patience is known only of those who gave up; pauses of agents are not recorded.
    """
    from cti.simulation.recorded import play_again, rebuild  # noqa: PLC0415 - here and below: other commands need not load it

    old, new = _policy(base or _config_folder()), _policy(config)
    _, records = records_of(day, zone, database, settings)
    try:
        rebuilt = rebuild(records, old, seed)
    except ValueError as error:
        fail(f"{day}: {error}. Name another day, or its database with --database.", FAILED)
    columns = {
        "was": {"all": rebuilt.seen, **rebuilt.seen_by_tier},
        **{
            name: {"all": results.total(), **results.by_tier()}
            for name, results in (("base", play_again(rebuilt, old, seed)), ("new", play_again(rebuilt, new, seed)))
        },
    }
    if as_json:
        say(json.dumps({"rebuilt": _rebuilt(rebuilt), **{name: _told(groups) for name, groups in columns.items()}}))
    else:
        _print(day, rebuilt, columns, list(old.tiers))


def _policy(folder: Path) -> "Policy":
    from cti.config import read_policy  # noqa: PLC0415

    try:
        return read_policy(folder).policy
    except BadDocument as bad:
        fail(str(bad), BAD_INPUT)


def _figures(tally: "Tally") -> dict[str, Any]:
    from cti.simulation.report import FIGURES  # noqa: PLC0415

    values = {name: float(figure(tally)) for name, figure in FIGURES.items()}
    return {name: {"mean": value, "half_width": None} if value == value else None for name, value in values.items()}  # noqa: PLR0124


def _told(groups: "dict[str, Tally]") -> dict[str, Any]:
    return {name: _figures(tally) for name, tally in groups.items()}


def _rebuilt(day: "RecordedDay") -> dict[str, Any]:
    patience = day.patience_seconds
    return {
        "calls": len(day.callers), "answered": day.answered, "abandoned": day.abandoned, "skipped": day.skipped,
        "agents": len(day.shifts), "patience_seconds": patience if patience < float("inf") else None,
    }  # fmt: skip


def _print(day: str, rebuilt: "RecordedDay", columns: "dict[str, dict[str, Tally]]", tiers: list[str]) -> None:
    table = figures_table(f"{day}: {len(rebuilt.callers)} calls, {len(rebuilt.shifts)} agents")
    for group in ("all", *tiers):
        for name, groups in columns.items():
            if group in groups:
                figures = _figures(groups[group])
                table.add_row(f"{group} {name}", *(written(figure, figures[figure]) for figure in COLUMNS))
        table.add_section()
    Console().print(table)
    say(f"Known: entry, tier, queue and language of all; talks of {rebuilt.answered}; patience of {rebuilt.abandoned}, who gave up.")
    mean = f"with a mean of {rebuilt.patience_seconds:.0f} s more" if rebuilt.abandoned else "endless, for nobody gave up"
    say(f"Drawn: how long the other {rebuilt.answered} would have waited, {mean}; talks of those who gave up.")
    say("Not recorded: pauses. Each agent works from his first talk of the day to his last. Overtaking of the real day is not known.")
    if rebuilt.skipped:
        say(f"Left out: {rebuilt.skipped} calls that went elsewhere than to an agent or a hang-up, or whose queue or tier is gone.")


def _config_folder() -> Path:
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415 - only when no folder is named

    return RunSettings().config_dir
