"""The sections of a report on calls: at a glance, over time, service level, queues, tiers, hours, waits."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from cti.kpi import kpi
from cti.report.charts import Series, columns, heat, level
from cti.report.formats import change, figure
from cti.report.parts import Document, Frame, drawn, legend, met, section, share, table

TILES = (
    "offered", "answered_rate", "sl_offered", "abandonment_offered", "asa", "queue_time_average", "aht", "occupancy_on_queue",
    "satisfaction_average", "containment", "loss_rate_connected",
)  # fmt: skip
#: the hour of the week that is named as the tightest had at least so many calls, or nothing is said of it
_LEAST_CALLS = 10
_COLUMNS = ("offered", "answered", "abandoned", "flow_outs", "abandonment_offered", "sl_offered", "asa", "queue_time_average", "aht", "satisfaction_average")


def glance(frame: Frame, told: Document) -> str:
    """Return the sentences a manager reads first, and the key figures."""
    said = "".join(f"<li>{sentence}</li>" for sentence in _sentences(frame, told))
    names = [name for name in TILES if told["report"]["queue"] is None or name not in {"containment", "loss_rate_connected"}]
    tiles = [_tile(frame, name, told["figures"][name]) for name in names]
    tiles.insert(3, _tile(frame, "sl_offered", told["common"]["figures"]["sl_offered"], frame.word("common_tile")))
    return section("glance", frame.word("glance"), f'<ul class="said">{said}</ul><div class="tiles">{"".join(tiles)}</div>')


def _tile(frame: Frame, name: str, pair: Mapping[str, Any], label: str = "") -> str:
    notes = [note for note in (frame.moved(name, pair), frame.target(name, pair["target"])) if note]
    return f'<div class="tile"><span class="name">{frame.link(name, label)}</span><b>{frame.judged(name, pair)}</b><small>{" · ".join(notes) or "&nbsp;"}</small></div>'


def _sentences(frame: Frame, told: Document) -> Iterator[str]:
    word, figures = frame.word, told["figures"]
    offered = figures["offered"]
    rate = frame.value("answered_rate", figures["answered_rate"]["now"])
    calls = word("said_calls", offered=f"{offered['now']:,}", answered=f"{figures['answered']['now']:,}", rate=rate)
    if offered["before"]:
        more = offered["now"] >= offered["before"]
        calls += " " * (frame.language != "zh") + word("said_more" if more else "said_fewer", by=share(abs(offered["now"] - offered["before"]), offered["before"], frame.language))
    yield calls
    for name in ("sl_offered", "abandonment_offered"):
        verdict = met(name, figures[name]["now"], figures[name]["target"])
        if verdict is not None:
            yield word(
                "said_met" if verdict else "said_missed", label=frame.link(name), value=frame.value(name, figures[name]["now"]),
                target=frame.target(name, figures[name]["target"]),
            )  # fmt: skip
    common = told["common"]["figures"]["sl_offered"]
    if common["now"] is not None:
        kept = word("met" if met("sl_offered", common["now"], common["target"]) else "missed")
        yield word("said_common", value=frame.value("sl_offered", common["now"]), verdict=kept)
    for name, sentence in (("sl_offered", "said_queues_level"), ("abandonment_offered", "said_queues")):
        late = [queue["label"] for queue in told["queues"] if met(name, queue["figures"][name]["now"], queue["figures"][name]["target"]) is False]
        if late and len(told["queues"]) > 1:
            yield word(sentence, names=escape(("、" if frame.language == "zh" else ", ").join(late)))
    yield from _hot_spots(frame, told)


def _hot_spots(frame: Frame, told: Document) -> Iterator[str]:
    days = frame.word("weekdays").split()
    busy = [
        (hour["sl_offered"], f"{frame.word('weekday', day=days[day])} {n:02}:00–{n + 1:02}:00", hour["offered"])
        for day, row in enumerate(told["hours"]) for n, hour in enumerate(row)
        if hour["offered"] >= _LEAST_CALLS and hour["sl_offered"] is not None
    ]  # fmt: skip
    if busy:
        worst, when, calls = min(busy)
        yield frame.word("said_worst", when=when, value=frame.value("sl_offered", worst), calls=f"{calls:,}")
    drops = [(step["hung_up"], f"{flow['name']}/{step['name']}") for flow in told["flows"] for step in flow["steps"] if step["kind"] != "queue"]
    if drops and max(drops)[0]:
        calls, step = max(drops)
        yield frame.word("said_drop", step=f"<code>{escape(step)}</code>", calls=f"{calls:,}")
    marks = sum(sum(queue["marks"]) for queue in told["queues"])
    average = told["figures"]["satisfaction_average"]["now"]
    if marks and average is not None:
        yield frame.word("said_satisfaction", value=frame.value("satisfaction_average", average), marks=f"{marks:,}")


def trend(frame: Frame, told: Document) -> str:
    """Return how calls and service level went on."""
    slots, word = told["trend"], frame.word
    labels = [slot["label"] for slot in slots]
    stack = [Series(kind, word(name), [slot[name] for slot in slots]) for kind, name in (("c-answered", "answered"), ("c-abandoned", "abandoned"), ("c-flowout", "flow_outs"))]
    key = legend([(series.kind, series.name) for series in stack])
    target = told["figures"]["sl_offered"]["target"]
    line = level(
        word("trend_level"), labels, [slot["sl_offered"] for slot in slots], target,
        word("target_line", value=frame.target("sl_offered", target)) if target is not None else "",
    )  # fmt: skip
    body = drawn(columns(word("trend_calls"), labels, stack), word("trend_calls") + key) + drawn(line, f"{word('trend_level')}: {frame.link('sl_offered')}")
    return section("trend", word("trend"), body)


def service_level(frame: Frame, told: Document) -> str:
    """Return every variant, for the common limit and for the queues' own."""
    word, common = frame.word, told["common"]
    ten, own = word("within", seconds=common["seconds"]), word("own_limit")
    heads = [word("variant"), word("formula"), ten, word("before"), own, word("before"), word("change")]
    rows = [
        [
            frame.link(name), f"<code>{escape(kpi(name).formula)}</code>", frame.judged(name, common["figures"][name]), frame.value(name, common["figures"][name]["before"]),
            frame.judged(name, told["figures"][name]), frame.value(name, told["figures"][name]["before"]), frame.moved(name, told["figures"][name]),
        ]
        for name in common["figures"]
    ]  # fmt: skip
    by_queue = [
        [escape(queue["label"]), word("within", seconds=queue["service_level_seconds"]), *(frame.judged(name, queue["figures"][name]) for name in common["figures"]), frame.judged("sl_offered", queue["common"]["sl_offered"])]
        for queue in told["queues"]
    ]
    short = [f'<a href="#kpi-{name}"><code>{escape(kpi(name).formula)}</code></a>' for name in common["figures"]]
    tables = table(heads, rows) + table([word("queue"), word("own_limit"), *short, f"<code>{escape(kpi('sl_offered').formula)}</code> {ten}"], by_queue)
    return section("service_level", word("service_level"), f'{tables}<p><small>{word("letters")}</small></p>')


def lines(frame: Frame, told: Document, part: str) -> str:
    """Return the table of queues (`queues`) or tiers (`tiers`)."""
    name, title = ("queue", "by_queue") if part == "queues" else ("tier", "by_tier")
    rows = [[escape(line["label"]), *(_cell(frame, each, line["figures"][each]) for each in _COLUMNS)] for line in told[part]]
    rows.append([frame.word("total"), *(_cell(frame, each, told["figures"][each]) for each in _COLUMNS)])
    heads = [frame.word(name), *(frame.link(each) for each in _COLUMNS)]
    return section(part, frame.word(title), table(heads, rows, last_is_sum=True))


def _cell(frame: Frame, name: str, pair: Mapping[str, Any]) -> str:
    moved = frame.moved(name, pair)
    return frame.judged(name, pair) + (f"<br><small>{moved}</small>" if moved else "")


def hours(frame: Frame, told: Document) -> str:
    """Return the maps of the week: how many came, and when too few were there for them."""
    week, word = told["hours"], frame.word
    used = [n for n in range(24) if any(day[n]["offered"] for day in week)]
    if not used or told["report"]["period"] == "day":
        return ""
    span = range(min(used), max(used) + 1)
    rows = [word("weekday", day=day) for day in word("weekdays").split()]
    labels = [f"{n:02}" for n in span]

    def map_of(title: str, cells: Sequence[Sequence[float | None]], texts: Sequence[Sequence[str]]) -> str:
        return drawn(heat(title, rows, labels, cells, texts), title)

    calls = [[float(day[n]["offered"]) if day[n]["offered"] else None for n in span] for day in week]
    missed = [[None if day[n]["sl_offered"] is None else 1 - day[n]["sl_offered"] for n in span] for day in week]
    body = map_of(word("heat_offered"), calls, [[f"{value or 0:,.0f}" for value in row] for row in calls])
    body += map_of(word("heat_level"), missed, [["" if value is None else f"{value * 100:.0f}%" for value in row] for row in missed])
    return section("hours", word("heat"), body)


def waits(frame: Frame, told: Document) -> str:
    """Return how long callers waited until they were answered or gave up."""
    word, bars = frame.word, told["waits"]
    labels = [word("longer") if bar["up_to_seconds"] is None else f"≤ {bar['up_to_seconds']}" for bar in bars]
    stack = [Series(f"c-{name}", word(name), [bar[name] for bar in bars]) for name in ("answered", "abandoned")]
    drawing = columns(word("waits_title"), labels, stack, 180)
    return section("waits", word("waits"), drawn(drawing, word("waits_title") + legend([(series.kind, series.name) for series in stack])))


def text_figures(frame: Frame, told: Document) -> list[tuple[str, str, str, str, str]]:
    """Return name, now, before, change and target of every figure as plain texts, for a terminal."""
    rows = []
    for name, pair in told["figures"].items():
        unit = kpi(name).unit
        now, before = figure(pair["now"], unit, frame.language), figure(pair["before"], unit, frame.language)
        rows.append((kpi(name).label(frame.language), now, before, change(pair["now"], pair["before"], unit, frame.language), frame.target(name, pair["target"])))
    return rows
