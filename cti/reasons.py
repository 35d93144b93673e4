"""Why a call went where it went, in sentences, Chinese and English: for the API and `hotline acd explain`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cti.records.decisions import DecisionRecord

LANGUAGES = ("zh", "en")
_WORDS: dict[str, tuple[str, str]] = {
    "not_in_queue": ("不服务该队列", "do not serve this queue"),
    "skill_missing": ("缺少技能", "lack the skill"),
    "skill_too_low": ("技能等级不足", "have too low a level of the skill"),
    "logged_out": ("未签入", "are logged out"),
    "paused": ("示忙", "are paused"),
    "wrap_up": ("话后处理中", "are in wrap-up"),
    "backoff": ("话机异常后暂停派话", "are left alone after a failed ring"),
    "reserved": ("正在振铃或接续", "are being rung or connected"),
    "talking": ("通话中", "are in a talk"),
    "busy_elsewhere": ("正在其他通话中", "are in a call elsewhere"),
    "resting": ("刚撤回一次振铃", "were rung a moment ago for a call that was taken back"),
    "dedicated": ("专席，留给其他等级", "have seats kept for other tiers"),
    "not_wanted": ("客户在等上次的坐席", "are not the agent this caller waits for"),
}


@dataclass(frozen=True, slots=True)
class Overtaking:
    """`first` was offered an agent before `passed`, who had entered a line earlier and still waited."""

    first: DecisionRecord
    passed: DecisionRecord

    @property
    def by_score(self) -> bool:
        """Whether `first` simply had the higher score at that moment."""
        return self.first.score > self.score_of_passed

    @property
    def score_of_passed(self) -> float:
        """The score of `passed` when `first` was offered an agent: it grows by one a second."""
        return self.passed.score - (self.passed.at_ms - self.first.at_ms) / 1000

    @property
    def hindrance(self) -> str:
        """Why the agent was not for `passed`, as known from the record of `passed`; empty if it does not say."""
        return self.passed.ineligible.get(self.first.agent, "")


def overtakings(own: Sequence[DecisionRecord], others: Iterable[DecisionRecord]) -> tuple[list[Overtaking], list[Overtaking]]:
    """Return whom the call overtook, and who overtook it, within its queue; only the first offer of each call counts.

    Args:
        own: the call's decisions.
        others: all decisions from its entry on, its own or not.

    """
    if not own:
        return [], []
    mine = own[0]
    firsts: dict[str, DecisionRecord] = {}
    for other in sorted(others, key=lambda one: one.at_ms):
        if other.call != mine.call and other.queue == mine.queue:
            firsts.setdefault(other.call, other)
    passed = [Overtaking(mine, one) for one in firsts.values() if one.entered_ms < mine.entered_ms and one.at_ms > mine.at_ms]
    passing = [
        Overtaking(one, mine) for one in firsts.values() if one.entered_ms > mine.entered_ms and one.at_ms < mine.at_ms
    ]
    return passed, passing


def sentences(own: Sequence[DecisionRecord], others: Sequence[DecisionRecord], language: str, zone: ZoneInfo) -> list[str]:
    """Return the story of a call's offers, a sentence each.

    Args:
        own: its decisions, oldest first.
        others: all decisions from its entry on.
        language: zh or en.
        zone: of the times told.

    """
    chinese = language == "zh"
    told = [line for decision in own for line in _offer(decision, zone, chinese=chinese)]
    passed, passing = overtakings(own, others)
    told += [_overtaking(one, other=one.passed.call, chinese=chinese, mine=True) for one in passed]
    told += [_overtaking(one, other=one.first.call, chinese=chinese, mine=False) for one in passing]
    if own and not passed and not passing:
        told.append("没有超越他人，也未被超越。" if chinese else "Nobody was overtaken, and nobody overtook.")
    return told


def waiting_sentences(
    waits: DecisionRecord, eligible: Sequence[str], others: Sequence[DecisionRecord], language: str
) -> list[str]:
    """Say why a call waits.

    Args:
        waits: where it stands, as a record without an agent.
        eligible: who could take it at once.
        others: all decisions since its entry.
        language: zh or en.

    """
    chinese = language == "zh"
    needs = _needs(waits, chinese=chinese)
    if chinese:
        told = [f"在 {waits.queue} 队列等候 {waits.waited_seconds:.0f} 秒，得分 {waits.score:.0f}；搜索圈 {waits.ring}，{needs}。"]
        told.append(f"可接的坐席：{'、'.join(eligible)}。" if eligible else "目前没有可接的坐席。")
    else:
        told = [f"Has waited {waits.waited_seconds:.0f} s in {waits.queue} with a score of {waits.score:.0f}; ring {waits.ring}, {needs}."]
        told.append(f"Could be taken by {', '.join(eligible)}." if eligible else "Nobody who is free could take it.")
    told += _ineligible(waits.ineligible, waits.ineligible_counts, chinese=chinese)
    _, passing = overtakings([waits], others)
    return told + [_overtaking(one, other=one.first.call, chinese=chinese, mine=False) for one in passing]


def _offer(decision: DecisionRecord, zone: ZoneInfo, *, chinese: bool) -> Iterator[str]:
    at = datetime.fromtimestamp(decision.at_ms / 1000, UTC).astimezone(zone).strftime("%H:%M:%S")
    boost = decision.score - decision.waited_seconds
    if chinese:
        yield (
            f"{at} {decision.queue} 队列的 {decision.tier} 客户派给坐席 {decision.agent}：已等候 {decision.waited_seconds:.0f} 秒，"
            f"加优先 {boost:.0f} 秒，得分 {decision.score:.0f}。"
        )
        yield f"选他的理由：可接的坐席按 {decision.strategy} 排序，{'、'.join(decision.ranked)}，他在最前；搜索圈 {decision.ring}，{_needs(decision, chinese=True)}。"
    else:
        yield (
            f"{at} the {decision.tier} caller of {decision.queue} was offered to {decision.agent}: {decision.waited_seconds:.0f} s waited "
            f"and {boost:.0f} s ahead by rule make a score of {decision.score:.0f}."
        )
        yield (
            f"Why {decision.agent}: of those who could take it he is first by {decision.strategy} ({', '.join(decision.ranked)}); "
            f"ring {decision.ring}, {_needs(decision, chinese=False)}."
        )
    if decision.also_rung:
        names = ("、" if chinese else ", ").join(decision.also_rung)
        yield f"同时振铃：{names}；先接听者接通。" if chinese else f"Rung together with {decision.agent}: {names}; the first to answer gets the caller."
    yield from _ineligible(decision.ineligible, decision.ineligible_counts, chinese=chinese)


def _needs(decision: DecisionRecord, *, chinese: bool) -> str:
    needs = (", " if not chinese else "、").join(f"{skill} {level}" for skill, level in decision.needs.items())
    if chinese:
        return f"要求 {needs}" if needs else "不要求技能"
    return f"asking for {needs}" if needs else "asking for no skill"


def _ineligible(named: Mapping[str, str], counts: Mapping[str, int], *, chinese: bool) -> Iterator[str]:
    """One sentence a reason, with the agents it holds back."""
    groups: dict[str, list[str]] = {reason: [] for reason in counts}
    for agent, why in named.items():
        reason, _, detail = why.partition(": ")
        groups.setdefault(reason, []).append(f"{agent} ({detail})" if detail else agent)
    for reason, agents in groups.items():
        words = _WORDS.get(reason, (reason, reason))
        more = counts.get(reason, len(agents)) - len(agents)
        names = ("、" if chinese else ", ").join(agents) + (f" +{more}" if more > 0 else "")
        yield f"未派给：{names}（{words[0]}）。" if chinese else f"Not eligible: {names}: they {words[1]}."


def _overtaking(one: Overtaking, *, other: str, chinese: bool, mine: bool) -> str:
    later = (one.first.entered_ms - one.passed.entered_ms) / 1000
    why = _why(one, chinese=chinese)
    tier = one.passed.tier if mine else one.first.tier
    if chinese:
        return f"{'超越了' if mine else '被超越：'} {other}（{tier}，{'早' if mine else '晚'}到 {later:.0f} 秒）：{why}。"
    if mine:
        return f"Overtook {other} ({tier}, who had come {later:.0f} s earlier): {why}."
    return f"Was overtaken by {other} ({tier}, who came {later:.0f} s later): {why}."


def _why(one: Overtaking, *, chinese: bool) -> str:
    """The rule by which the first went first: what goes before scores, the score, what the other's agent lacked."""
    reason, _, detail = one.hindrance.partition(": ")
    agent = one.first.agent
    if one.first.returned:
        return "其坐席掉线，回到队首" if chinese else "the agent's leg had died, so the call came back first"
    if one.first.past_guarantee and not one.passed.past_guarantee:
        return "等候已超过保证时长" if chinese else "the guaranteed longest wait was over"
    if one.by_score:
        scores = f"{one.first.score:.0f} > {one.score_of_passed:.0f}"
        return f"得分更高（{scores}）" if chinese else f"the higher score goes first ({scores})"
    if reason in _WORDS:
        told = f"：{detail}" if chinese and detail else f" ({detail})" if detail else ""
        words = _WORDS[reason][not chinese]
        return f"坐席 {agent} 不能接后者（{words}{told}）" if chinese else f"{agent} could not take the other: agents who {words}{told} are passed by"
    if chinese:
        return f"当时坐席 {agent} 不在后者的搜索圈内，或其专席优先服务其他等级"
    return f"{agent} was not within the other's search at that moment, or has a seat kept first for other tiers"
