"""`hotline report day|week|month|quarter`: what a manager signs; and `hotline report demo`, a month to look at."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 - the option is called date
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cti.cli.console import BAD_INPUT, FAILED, fail, say
from cti.cli.db import Address, SettingsFile
from cti.cli.reading import done

if TYPE_CHECKING:
    from acd.config import Policy
    from cti.report.periods import Period, PeriodKind

#: of a database for which nobody has set anything else; that of cti.settings
DEFAULT_ZONE = "Asia/Shanghai"
commands = typer.Typer(
    no_args_is_help=True, help="Reports for a day, week, month or quarter. Example: hotline report month --date 2026-10-01 -o october.html"
)


class Language(StrEnum):
    """In which language a report is written."""

    ZH = "zh"
    EN = "en"


DateOption = Annotated[str, typer.Option("--date", help="a day of the period, as 2026-11-21; default: the last period that is over")]
QueueOption = Annotated[str, typer.Option("--queue", help="this queue alone; default: all")]
LanguageOption = Annotated[Language, typer.Option("--language", "--lang", help="of the report")]
OutOption = Annotated[Path | None, typer.Option("-o", "--output", help="write the page here, as .html or .pdf; without it a table is printed", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="print the whole report as JSON, one line")]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="folder of queues.yaml, tiers.yaml and agents.yaml; else as set")]
ZoneOption = Annotated[str, typer.Option("--zone", help="the hotline's time zone, like Asia/Shanghai; else as set")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="report")


@dataclass(frozen=True, slots=True)
class _Sources:
    database_url: str
    config: Path
    zone: ZoneInfo


@commands.command()
def day(
    date: DateOption = "", queue: QueueOption = "", language: LanguageOption = Language.ZH, output: OutOption = None, as_json: JsonOption = False,
    database: Address = "", config: ConfigOption = None, zone: ZoneOption = "", settings: SettingsFile = None,
) -> None:  # fmt: skip
    """Report on a day, held against the day before.

    Example: hotline report day --date 2026-11-21 --language en
    """
    _report("day", date, queue, language, output, as_json, _sources(database, config, zone, settings))


@commands.command()
def week(
    date: DateOption = "", queue: QueueOption = "", language: LanguageOption = Language.ZH, output: OutOption = None, as_json: JsonOption = False,
    database: Address = "", config: ConfigOption = None, zone: ZoneOption = "", settings: SettingsFile = None,
) -> None:  # fmt: skip
    """Report on a week from Monday, held against the week before.

    Example: hotline report week --queue billing -o week.html
    """
    _report("week", date, queue, language, output, as_json, _sources(database, config, zone, settings))


@commands.command()
def month(
    date: DateOption = "", queue: QueueOption = "", language: LanguageOption = Language.ZH, output: OutOption = None, as_json: JsonOption = False,
    database: Address = "", config: ConfigOption = None, zone: ZoneOption = "", settings: SettingsFile = None,
) -> None:  # fmt: skip
    """Report on a month, held against the month before.

    Example: hotline report month --date 2026-10-01 -o october.html
    """
    _report("month", date, queue, language, output, as_json, _sources(database, config, zone, settings))


@commands.command()
def quarter(
    date: DateOption = "", queue: QueueOption = "", language: LanguageOption = Language.ZH, output: OutOption = None, as_json: JsonOption = False,
    database: Address = "", config: ConfigOption = None, zone: ZoneOption = "", settings: SettingsFile = None,
) -> None:  # fmt: skip
    """Report on a quarter, held against the quarter before.

    Example: hotline report quarter --date 2026-08-01 -o quarter.html
    """
    _report("quarter", date, queue, language, output, as_json, _sources(database, config, zone, settings))


@commands.command()
def demo(
    database: Annotated[str, typer.Option("--database", help="a database for the demo alone, made when missing")] = "sqlite:///run/demo-report.db",
    date: Annotated[str, typer.Option("--date", help="a day of the month; the month before is played, too")] = "2026-10-01",
    scenario: Annotated[Path, typer.Option(help="who calls, and who works when (docs/routing.md)")] = Path("config/examples/power/scenario.yaml"),
    flows: Annotated[Path, typer.Option(help="the flows callers go through")] = Path("flows"),
    seed: Annotated[int, typer.Option(help="of everything drawn; the same seed plays the same month", min=0)] = 1,
    zone: ZoneOption = "Asia/Shanghai",
) -> None:
    """Play two months of a scenario into a database, to look at reports before there are calls. Takes a minute or two.

    Example: hotline report demo && hotline report month --date 2026-10-01 --database sqlite:///run/demo-report.db -o demo.html
    """
    from cti.report.periods import PeriodKind  # noqa: PLC0415 - here and below: other commands need not load it

    period = _period(PeriodKind.MONTH, date, _zone(zone))
    with _progress("playing") as tell:
        calls = done(_played(database, period, scenario, flows, seed, _zone(zone), tell))
    say(f"{calls:,} calls of {period.before().name} and {period.name} are in {database}.")
    say(f"Next: hotline report month --date {period.first} --database {database} -o demo.html")


# ---- making


def _report(kind: str, date: str, queue: str, language: Language, output: Path | None, as_json: bool, sources: _Sources) -> None:
    from cti.report.page import page  # noqa: PLC0415
    from cti.report.periods import PeriodKind  # noqa: PLC0415

    policy = _policy(sources.config)
    file = sources.database_url.removeprefix("sqlite:///")
    if file != sources.database_url and not Path(file).expanduser().exists():  # or opening it would make an empty one
        fail(f"{file}: there is no such database. Name the one with the records with --database.", BAD_INPUT)
    if queue and queue not in policy.queues:
        fail(f'--queue: no queue is called "{queue}". Name one of {", ".join(policy.queues)}.', BAD_INPUT)
    period = _period(PeriodKind(kind), date, sources.zone)
    with _progress(f"reading {period.name}") as tell:
        told = done(_made(sources, policy, period, queue, language.value, tell))
    if output is not None:
        _write(output, page(told))
    if as_json:
        say(json.dumps(told, ensure_ascii=False))
    elif output is None:
        _print(told)


async def _made(sources: _Sources, policy: "Policy", period: "Period", queue: str, language: str, tell: Callable[[float], None]) -> dict[str, Any]:
    from cti.database import Database, migrate  # noqa: PLC0415
    from cti.report.making import make  # noqa: PLC0415

    await migrate(sources.database_url)
    database = Database(sources.database_url)
    try:
        return await make(database, policy, period, sources.zone, language=language, queue=queue, progress=tell)
    finally:
        await database.close()


async def _played(
    url: str, period: "Period", scenario: Path, flows: Path, seed: int, zone: ZoneInfo, tell: Callable[[float], None]
) -> int:
    from cti.cli.try_replies import replies_from_file  # noqa: PLC0415
    from cti.database import Database, migrate  # noqa: PLC0415
    from cti.report.demo import has_calls, write_month  # noqa: PLC0415
    from cti.report.demo_walks import Walks  # noqa: PLC0415
    from cti.simulation.scenario import read_scenario  # noqa: PLC0415
    from ivr.document import BadDocument  # noqa: PLC0415
    from ivr.flows import load_flows  # noqa: PLC0415

    try:
        played = read_scenario(scenario)
        walks = Walks(load_flows(flows, entry="main"), replies_from_file(flows / "try" / "backend.yaml"), datetime(2026, 10, 14, 10, tzinfo=zone))
    except BadDocument as bad:
        fail(str(bad), BAD_INPUT)
    await migrate(url)
    database = Database(url)
    try:
        if await has_calls(database, period.before(), zone) or await has_calls(database, period, zone):
            fail(f"{url} has calls of these months already. Name another --database, or delete that file.", BAD_INPUT)
        calls = await write_month(database, played, walks, period.before(), zone, seed, lambda done: tell(done / 2))
        return calls + await write_month(database, played, walks, period, zone, seed, lambda done: tell(0.5 + done / 2))
    except ValueError as error:
        fail(str(error), BAD_INPUT)
    finally:
        await database.close()


def _write(output: Path, text: str) -> None:
    from cti.provision.errors import ProvisionError  # noqa: PLC0415
    from cti.report.pdf import PdfError, print_pdf  # noqa: PLC0415

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        if output.suffix == ".pdf":
            print_pdf(text, output)
        else:
            output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{output}: {error.strerror}. Name another file with -o.", FAILED)
    except (PdfError, ProvisionError) as error:
        fail(f"{output}: {error}", FAILED)
    say(f"{output}: written.")


def _print(told: dict[str, Any]) -> None:
    from cti.report.calls import text_figures  # noqa: PLC0415
    from cti.report.parts import Frame  # noqa: PLC0415

    about = told["report"]
    frame = Frame(about["language"])
    word = frame.word
    table = Table(title=f"{word(about['period'])} {about['name']} ({about['time_zone']})")
    for number, head in enumerate((word("figure"), word("now"), word("before"), word("change"), word("target"))):
        table.add_column(head, justify="left" if number == 0 else "right")
    for row in text_figures(frame, told):
        table.add_row(*row)
    Console().print(table)
    if about["empty"]:
        say(word("empty"))
    elif not about["over"]:
        say(word("not_over", at=about["made_at"][:16].replace("T", " ")))
    say(f"-o report.html: {word('agents')}, {word('satisfaction')}, {word('flows')}, {word('heat')} …")


# ---- what was asked for


def _sources(database: str, config: Path | None, zone: str, settings: Path | None) -> _Sources:
    """Take what is named; what is not, from the settings of the server."""
    if database and config is not None and zone:
        return _Sources(database, config, _zone(zone))
    from cti.settings import SettingsError, load_settings  # noqa: PLC0415
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415

    run = RunSettings()
    try:
        known = load_settings(settings or run.layout.settings)
    except SettingsError as error:
        if not database:
            fail(f"{error} Or name the database with --database.", BAD_INPUT)
        return _Sources(database, config or run.config_dir, _zone(zone or DEFAULT_ZONE))
    return _Sources(database or known.database_url, config or known.config_dir, _zone(zone or known.time_zone))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        fail(f"{name}: no such time zone. Write one like Asia/Shanghai.", BAD_INPUT)


def _policy(folder: Path) -> "Policy":
    from cti.config import read_policy  # noqa: PLC0415
    from ivr.document import BadDocument  # noqa: PLC0415

    try:
        return read_policy(folder).policy
    except BadDocument as bad:
        fail(str(bad), BAD_INPUT)


def _period(kind: "PeriodKind", date: str, zone: ZoneInfo) -> "Period":
    from cti.report.periods import EARLIEST, LATEST, period_of  # noqa: PLC0415

    if not date:
        return period_of(kind, datetime.now(zone).date()).before()
    try:
        found = Date.fromisoformat(date)
    except ValueError:
        found = Date.min
    if not EARLIEST <= found <= LATEST:
        fail(f"--date {date}: write a day from {EARLIEST} to {LATEST}, like 2026-11-21.", BAD_INPUT)
    return period_of(kind, found)


@contextmanager
def _progress(words: str) -> Iterator[Callable[[float], None]]:
    """Show progress on a terminal; say nothing into a file or a pipe."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=1.0)
        yield lambda done: bar.update(task, completed=done)
