"""Three witnesses, call by call: the callers' own ledger, the server's records, Asterisk's CEL."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.rig.asterisk import CelEvent
    from tests.rig.load import CallOutcome

CLOCK_SLACK_SECONDS = 2.0  # CEL counts whole seconds; a record's end is when the server learned of it


@dataclass
class CelCall:
    """What Asterisk saw of one caller. Times: Unix seconds; `agents` shared a bridge with him that was not the hold."""

    channels: int = 0
    ended: int = 0
    ended_at: float = 0.0
    agents: list[str] = field(default_factory=list)


def cel_calls(events: Iterable[CelEvent]) -> dict[str, CelCall]:
    """CEL by the number calling; callers are the channels of the endpoint `trunk`."""
    calls: dict[str, CelCall] = defaultdict(CelCall)
    numbers: dict[str, str] = {}
    inside: dict[str, set[str]] = defaultdict(set)
    for event in events:
        is_caller = event.channel.startswith("PJSIP/trunk-")
        if event.type == "CHAN_START" and is_caller:
            numbers[event.uniqueid] = event.caller_number
            calls[event.caller_number].channels += 1
        elif event.type == "CHAN_END" and event.uniqueid in numbers:
            call = calls[numbers[event.uniqueid]]
            call.ended, call.ended_at = call.ended + 1, event.at
        elif event.type in ("BRIDGE_ENTER", "BRIDGE_EXIT"):
            _follow_bridge(event, inside, calls, numbers)
    return dict(calls)


def _follow_bridge(
    event: CelEvent, inside: dict[str, set[str]], calls: dict[str, CelCall], numbers: dict[str, str]
) -> None:
    extra: dict[str, str] = json.loads(event.extra or "{}")
    if extra.get("bridge_technology") == "holding_bridge":
        return
    party = (
        f"caller {event.uniqueid}" if event.uniqueid in numbers else event.channel.partition("/")[2].rpartition("-")[0]
    )
    members = inside[extra.get("bridge_id", "")]
    if event.type == "BRIDGE_EXIT":
        members.discard(party)
        return
    for member in members:
        caller, agent = (party, member) if party.startswith("caller ") else (member, party)
        if caller.startswith("caller ") and not agent.startswith("caller "):
            calls[numbers[caller.partition(" ")[2]]].agents.append(agent)
    members.add(party)


def disagreements(
    outcomes: Sequence[CallOutcome], records: Sequence[dict[str, Any]], events: Iterable[CelEvent]
) -> list[str]:
    """One sentence for everything the three do not agree on; callers' numbers must be unique in the run.

    records: rows of `call_records`. Which agent talked is compared by his voice, which only the caller heard.
    """
    seen = cel_calls(events)
    counts = Counter(record["caller_number"] for record in records)
    by_number = {record["caller_number"]: record for record in records}
    return [
        f"{outcome.plan.from_number} ({outcome.plan.name}): {fault}"
        for outcome in outcomes
        for number in [outcome.plan.from_number]
        for fault in _faults(outcome, counts[number], by_number.get(number, {}), seen.get(number, CelCall()))
    ]


def _faults(outcome: CallOutcome, records: int, record: dict[str, Any], cel: CelCall) -> list[str]:
    heard_agents = {name.removeprefix("voice/") for name in outcome.heard if name.startswith("voice/")}
    ended_ms = record.get("ended_at_ms")
    late = None if ended_ms is None or outcome.ended_at is None else abs(ended_ms / 1000 - outcome.ended_at)
    checks = {
        f"{records} call records": records == 1,
        f"{cel.channels} channels, {cel.ended} ended in CEL": cel.channels == cel.ended == 1,
        f"his script: {outcome.error}": not outcome.error,
        "the record has no end": ended_ms is not None,
        "the record has no outcome": bool(record.get("outcome")),
        f"the record ends {late} s away from his BYE": late is None or late <= CLOCK_SLACK_SECONDS,
        "CEL ends away from his BYE": outcome.ended_at is None
        or abs(cel.ended_at - outcome.ended_at) <= CLOCK_SLACK_SECONDS,
        f"he heard agents {sorted(heard_agents)}, CEL bridged {cel.agents}": heard_agents == set(cel.agents),
        f"he talked with {cel.agents}, the record says {record.get('agent')}": record.get("agent")
        == (cel.agents[-1] if cel.agents else None),
    }
    return [fault for fault, good in checks.items() if not good]
