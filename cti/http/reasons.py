"""Why a call went where it went: gathered from the decisions of the last day and from where it stands now."""


from acd.explain import Explanation, Standing
from cti.http.deps import ApiDeps
from cti.http.models import OfferRecord, Reasons
from cti.reasons import LANGUAGES, sentences, waiting_sentences
from cti.records.decisions import DecisionRecord


async def reasons_of(deps: ApiDeps, call: str, explanation: Explanation | None) -> Reasons | None:
    """Return the reasons of a call; None when nothing is known of the last day.

    Raises:
        RecordsDown: the decisions cannot be read.

    """
    own = list(await deps.decisions.of(call))
    now_ms = deps.clock.wall_ms()
    standing = None if explanation is None else explanation.standing
    waits = _as_record(call, standing, now_ms) if standing is not None else None
    if not own and waits is None:
        return None
    begin = own[0] if own else waits
    assert begin is not None
    others = await deps.decisions.between(begin.entered_ms, now_ms)
    zone = deps.clock.zone
    told = {}
    for language in LANGUAGES:
        told[language] = sentences(own, others, language, zone)
        if waits is not None and not own:
            told[language] += waiting_sentences(waits, list(standing.eligible if standing else ()), others, language)
    return Reasons(call=call, sentences=told, offers=[OfferRecord.model_validate(one) for one in own])


def _as_record(call: str, standing: Standing, now_ms: int) -> DecisionRecord:
    """Return where a call stands as if it were offered to nobody now."""
    counts: dict[str, int] = {}
    for why in standing.ineligible.values():
        counts[why.reason.value] = counts.get(why.reason.value, 0) + 1
    return DecisionRecord(
        offer="", call=call, at_ms=now_ms, entered_ms=now_ms - int(1000 * standing.waited_seconds), queue=standing.queue,
        tier=standing.tier, agent="", waited_seconds=standing.waited_seconds, score=standing.score, ring=standing.ring, strategy="",
        needs={need.skill: need.level for need in standing.needs},
        ineligible={name: f"{why.reason.value}: {why.detail}" if why.detail else why.reason.value for name, why in standing.ineligible.items()},
        ineligible_counts=counts,
    )  # fmt: skip
