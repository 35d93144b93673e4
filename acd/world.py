"""The engine's state in one place, and the only functions that change the state of a call or an agent.

The handlers in calls.py, agents.py, offers.py and adoption.py work on a `World`; it collects what they command
and establish until the engine hands that out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acd.chance import Chance
from acd.config import Agent, Policy, Queue, Tier
from acd.eligibility import is_not_free, stage_at
from acd.errors import InvalidTransition
from acd.events import OfferCause
from acd.facts import AgentChanged, EventIgnored
from acd.forecast import Forecast, Outlook
from acd.heads import LineName
from acd.lines import Lines
from acd.matching import Matching
from acd.records import IN_LINE, AgentRecord, Call, Customers, Offers, Presence
from acd.returning import LastAgents, Returning
from acd.roster import Roster
from acd.staffing import Staffing
from acd.states import AGENT_MOVES, CALL_MOVES, AgentState, CallState, OfferPhase
from acd.story import Story
from acd.timers import Timer, Timers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acd.commands import Command
    from acd.events import Event
    from acd.facts import CallFact, Fact, Ignored, WrapUpFinished
    from acd.heads import Line
    from acd.records import Offer
    from acd.searches import Search

_NEVER = float("inf")
_WAITING = CallState.WAITING
#: which of several offers of a round matters most
_NEAREST_FIRST = (
    OfferPhase.TALKING,
    OfferPhase.CONNECTING,
    OfferPhase.RINGING,
    OfferPhase.DIALLING,
    OfferPhase.CANCELLING,
)
_ABSENT = {AgentState.LOGGED_OUT: Presence.AWAY, AgentState.PAUSED: Presence.PAUSED}
_PASSING = frozenset({AgentState.WRAP_UP, AgentState.BACKOFF})  #: states that end by themselves


@dataclass(slots=True)
class World:
    """Everything the engine knows at the moment `now` (engine seconds)."""

    policy: Policy
    offer_prefix: str
    now: float = 0.0
    calls: dict[str, Call] = field(default_factory=dict)
    agents: dict[str, AgentRecord] = field(default_factory=dict)
    offers: Offers = field(default_factory=Offers)
    free: dict[str, None] = field(default_factory=dict)
    lines: Lines = field(default_factory=Lines)
    roster: Roster = field(default_factory=Roster)
    staffing: Staffing = field(default_factory=Staffing)
    returning: Returning = field(default_factory=Returning)
    last_agents: LastAgents = field(default_factory=LastAgents)
    timers: Timers = field(default_factory=Timers)
    foreseen: Outlook = field(default_factory=Outlook)  #: what callers are told
    seen: Outlook = field(default_factory=Outlook)  #: what those who look are shown
    story: Story = field(default_factory=Story)
    customers: Customers = field(default_factory=Customers)
    dispatching: bool = True
    offers_made: int = 0
    entries: int = 0
    agents_seen: int = 0
    version: int = 0
    commands: list[Command] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    matching: Matching = field(init=False)
    forecast: Forecast = field(init=False)

    def __post_init__(self) -> None:
        self.matching = Matching(Chance(self.policy.seed))
        self.staffing.recount(self.policy.queues, ())
        self.forecast = Forecast(self.policy.forecast.window_calls)

    # What the handlers have to say

    def command(self, command: Command) -> None:
        """Give a command to the shell."""
        self.commands.append(command)
        self.story.add(command.call, self.now, command)

    def establish(self, fact: CallFact) -> None:
        """Establish a fact about a call."""
        self.facts.append(fact)
        self.forecast.told(fact, self.now)
        self.story.add(fact.call, self.now, fact)

    def wrapped_up(self, fact: WrapUpFinished) -> None:
        """Establish the end of a wrap-up."""
        self.facts.append(fact)
        self.forecast.told(fact, self.now)

    def ignore(self, event: Event, why: Ignored) -> None:
        """Establish that an event changed nothing, and why."""
        self.facts.append(EventIgnored(event, why))

    # Calls

    def new_call(self, call_id: str, queue: Queue, tier: str, entered_at: float) -> Call:
        """Begin a queue entry; the caller of this gives it its state."""
        self.entries += 1
        tier = self.policy.grades.get(tier, tier)
        call = Call(call_id, queue, tier, entered_at, self.entries, self.tier(tier).head_start_seconds)
        call.joined_at = entered_at
        self.calls[call_id] = call
        self.story.begin(call_id)
        return call

    def move_call(self, call: Call, new: CallState) -> None:
        """Move a call along the table; keeps the lines in step.

        Raises:
            InvalidTransition: if the table does not allow it (a bug, never an event's fault).

        """
        if new not in CALL_MOVES[call.state]:
            raise InvalidTransition(
                f"call {call.id}: {call.state.name} -> {new.name} is no legal move\n{self.story.recent()}"
            )
        call.state = new
        if new is _WAITING or call.place is None:
            self.index_call(call)
            return
        if new not in IN_LINE:
            self.lines.give_up_place(call)
        if call.line is not None:  # a caller who is served stays where he is, but nobody may find him
            self._hide(call)

    def index_call(self, call: Call) -> None:
        """Put the call where its state and all that counts for it say: into its queue's order, and where it is found."""
        offerable = call.offerable
        if offerable:
            call.overdue = self._is_overdue(call)
        key = call.key
        if call.holds_place:
            self.lines.hold_place(call, key)
        else:
            self.lines.give_up_place(call)
        if offerable:
            self.matching.join(call, key, call.queue, self._line_of(call))
            self._arm_next_change(call)
        elif call.line is not None:
            self._hide(call)

    def _hide(self, call: Call) -> None:
        self.matching.leave(call)
        self.timers.cancel(Timer.RING, call.id)

    def reach_of(self, call: Call) -> tuple[int, Search]:
        """Return the ring and the search in force for a call, whatever its state."""
        line = call.line or self.matching.line(call.queue, self._line_of(call))
        return line.ring, line.search

    def line_of_newcomer(self, queue: Queue) -> Line:
        """Return the line of a caller who would join this queue now with no needs and tier of his own."""
        return self.matching.line(queue, LineName(queue.name, (), 0))

    def _line_of(self, call: Call) -> LineName:
        queue = call.queue
        stage = stage_at(queue, call.entered_at, self.now) if queue.rings else 0
        tier = call.tier if queue.seats else ""
        wanted = call.wanted if call.wanted and self._waits_for_one(call) else ""
        return LineName(queue.name, call.needs, stage, tier, wanted)

    def _waits_for_one(self, call: Call) -> bool:
        return call.entered_at + call.queue.last_agent_wait_seconds > self.now

    def _is_overdue(self, call: Call) -> bool:
        limit_seconds = call.queue.guarantee_seconds
        return limit_seconds > 0 and call.entered_at + limit_seconds <= self.now

    def _arm_next_change(self, call: Call) -> None:
        """Look at the call again when its next ring begins, its guarantee is due, or it asks for one agent no longer."""
        changes = call.queue.changes
        if call.wanted:
            changes = (*changes, call.queue.last_agent_wait_seconds)
        soonest = _NEVER
        for after in changes:
            at = call.entered_at + after
            if self.now < at < soonest:
                soonest = at
        if soonest < _NEVER:
            self.timers.set(Timer.RING, call.id, soonest)
        else:
            self.timers.cancel(Timer.RING, call.id)

    def tier(self, name: str) -> Tier:
        """Return the tier of this name, or that a grade of this name counts as; an unknown one has no head start."""
        return self.policy.tiers.get(self.policy.grades.get(name, name)) or Tier(name)

    def head_start_seconds(self, tier: str, attributes: Mapping[str, object]) -> float:
        """Return the head start of a customer: that of his tier, and what his attributes earn."""
        head_start_seconds = self.tier(tier).head_start_seconds
        if not attributes:
            return head_start_seconds
        rules = self.policy.head_starts
        earned = (
            rule.seconds for rule in rules if rule.attribute in attributes and rule.meets(attributes[rule.attribute])
        )
        return head_start_seconds + sum(earned)

    # Agents

    def add_agent(self, config: Agent, *, retired: bool = False) -> AgentRecord:
        """Begin to know an agent, logged out. `retired`: forget him as soon as he is free."""
        self.agents_seen += 1
        agent = AgentRecord(config, self.agents_seen, since=self.now, idle_since=self.now, retired=retired)
        self.agents[config.name] = agent
        self.matching.learn(agent)
        self.staffing.count(agent, 1)
        self.roster.note(agent.order, is_not_free(agent))
        return agent

    def drop_agent(self, agent: AgentRecord) -> None:
        """Forget an agent who is logged out."""
        self.matching.forget(agent)
        self.timers.cancel(Timer.REST, agent.name)
        del self.agents[agent.name]
        self.staffing.count(agent, -1)

    def move_agent(self, agent: AgentRecord, new: AgentState, reason: str = "", until: float | None = None) -> None:
        """Move an agent along the table; `until` arms the deadline of the new state.

        Raises:
            InvalidTransition: if the table does not allow it (a bug, never an event's fault).

        """
        old = agent.state
        if new not in AGENT_MOVES[old]:
            raise InvalidTransition(
                f"agent {agent.name}: {old.name} -> {new.name} is no legal move\n{self.story.recent()}"
            )
        now = self.now
        self.facts.append(AgentChanged(agent.name, old, new, reason, max(0.0, now - agent.since)))
        agent.state, agent.reason, agent.since = new, reason, now
        if until is not None:
            self.timers.set(Timer.AGENT, agent.name, until)
        elif old in _PASSING:
            self.timers.cancel(Timer.AGENT, agent.name)
        if old in _ABSENT or new in _ABSENT:
            self._comes_or_goes(agent, old, new)
        if self.staffing.watched:
            for queue in self.staffing.moved(agent, old, new):
                self.watch_empty(queue)
        self.refresh_free(agent)

    def _comes_or_goes(self, agent: AgentRecord, old: AgentState, new: AgentState) -> None:
        self.matching.presence(agent, _ABSENT.get(new, Presence.AT_WORK))
        if old is AgentState.LOGGED_OUT:
            agent.logged_in_at, agent.talked_seconds = self.now, 0.0

    def watch_empty(self, queue: str) -> None:
        """Arm what happens when a queue has been empty long enough, or disarm it."""
        configured = self.policy.queues.get(queue)
        if configured is not None and self.staffing.is_empty(queue):
            self.timers.set(Timer.EMPTY, queue, self.now + max(configured.empty_grace_seconds, 1.0))
        else:
            self.timers.cancel(Timer.EMPTY, queue)

    def refresh_free(self, agent: AgentRecord) -> None:
        """Keep the set of free agents in step with this agent; also when what ranks him has changed."""
        hindrance = is_not_free(agent)
        self.roster.note(agent.order, hindrance)
        if hindrance is None:
            self.free[agent.name] = None
            self.matching.freed(agent)
        elif agent.stamp:
            self.free.pop(agent.name, None)
            self.matching.taken(agent)

    # Offers

    def call_of(self, offer: Offer) -> Call | None:
        """Return the queue entry an offer is live for; None if that entry has ended or was never seen."""
        call = self.calls.get(offer.call)
        return call if call is not None and call.round == offer.round else None

    def offers_of(self, call: Call) -> list[Offer]:
        """Return the live offers of a call's round, those nearest to a talk first."""
        return nearest_first([offer for offer in self.offers.of(call.id) if offer.round == call.round])

    def offer_of(self, call: Call) -> Offer | None:
        """Return the live offer of a call that is nearest to a talk."""
        offers = self.offers_of(call)
        return offers[0] if offers else None

    def was_offer(self, offer_id: str) -> bool:
        """Whether this engine once made an offer of this id."""
        number = offer_id.removeprefix(self.offer_prefix)
        return number != offer_id and number.isdecimal() and 0 < int(number) <= self.offers_made

    def backoff_seconds(self, agent: AgentRecord, cause: OfferCause) -> float:
        """Count one more failure of this kind and return how long the agent is to be left alone for it."""
        backoff = self.policy.backoff
        base = {
            OfferCause.BUSY: backoff.busy_seconds,
            OfferCause.REJECTED: backoff.rejected_seconds,
            OfferCause.UNREACHABLE: backoff.unreachable_seconds,
            OfferCause.ERROR: backoff.error_seconds,
        }[cause]
        repeats = agent.failures.get(cause, 0)
        agent.failures[cause] = repeats + 1
        # 2**20 is past every limit; the cap keeps the power a small number
        return max(min(base * 2.0 ** min(repeats, 20), backoff.limit_seconds), backoff.floor_seconds)


def nearest_first(offers: list[Offer]) -> list[Offer]:
    """Order offers of one call by how near they are to a talk, the older ones first."""
    return offers if len(offers) < 2 else sorted(offers, key=lambda offer: _NEAREST_FIRST.index(offer.phase))
