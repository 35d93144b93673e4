"""A real engine behind the real application on a loopback port, for the tests of the HTTP side."""

import asyncio
import contextlib

import aiohttp

from acd.config import Agent, Policy, Queue, SkillNeed, Tier
from acd.engine import Engine
from acd.events import OfferAnswered, OfferRinging, TalkStarted
from cti.board.document import Links
from cti.board.figures import DayFigures
from cti.clock import Clock
from cti.config import Loaded
from cti.flow_versions import FlowsRefused, FlowStatus
from cti.http import ApiDeps, LiveCall, make_app, serving
from cti.http.deps import RecordsDown
from cti.metrics import Configured, Metrics, Readings
from cti.policy_in_force import PolicyInForce, PolicyRefused
from cti.records.calls import CallRecord
from cti.report.desk import ReportsDown
from cti.report.document import Asked, document
from cti.report.gathered import Gathered
from cti.users.access import Access
from cti.users.sessions import Sessions

TOKEN = "a-token-for-tests-only"
POLICY = Policy(
    queues={
        "billing": Queue(
            "billing", label_zh="账单", label_en="Billing", service_level_seconds=20.0, wrapup_seconds=8.0
        ),
        "repair": Queue("repair", needs=(SkillNeed("repair"),)),
    },
    tiers={"basic": Tier("basic"), "diamond": Tier("diamond", 300.0)},
    agents={
        "anna": Agent("anna", label="Anna", extension="801", queues=("billing",)),
        "bert": Agent("bert", extension="802", skills={"repair": 2}, queues=("billing", "repair")),
    },
)


class Records:
    """Records in memory; `down` makes them unreadable."""

    def __init__(self):
        self.known = {}
        self.down = False

    async def recent(self, limit, before_ms):
        self._check()
        records = sorted(self.known.values(), key=lambda record: -(record.started_at_ms or 0))
        return [record for record in records if before_ms is None or (record.started_at_ms or 0) < before_ms][:limit]

    async def one(self, call):
        self._check()
        return self.known.get(call)

    def _check(self):
        if self.down:
            raise RecordsDown("the database is away for this test")

    def add(self, call, **known):
        self.known[call] = CallRecord(call=call, **known)


class Decisions:
    """Decisions in memory; `down` makes them unreadable."""

    def __init__(self):
        self.known = []
        self.down = False

    async def of(self, call):
        return [one for one in await self.between(0, 2**53) if one.call == call]

    async def between(self, since_ms, until_ms):
        if self.down:
            raise RecordsDown("the database is away for this test")
        return [one for one in self.known if since_ms <= one.at_ms <= until_ms]


class AgentStates:
    """Spans in memory; `down` makes them unreadable."""

    def __init__(self):
        self.known = []
        self.down = False

    async def between(self, since_ms, until_ms, agent):
        if self.down:
            raise RecordsDown("the database is away for this test")
        return [
            span for span in sorted(self.known, key=lambda span: (span.agent, span.from_ms))
            if agent in {None, span.agent} and span.from_ms < until_ms and (span.until_ms is None or span.until_ms >= since_ms)
        ]  # fmt: skip


class Reports:
    """Keeps what is asked for, and answers with the report of a period without calls, or with `down`."""

    def __init__(self):
        self.asked = []
        self.down = ""

    async def report(self, wish):
        self.asked.append(wish)
        if self.down:
            raise ReportsDown(self.down)
        asked = Asked(wish.period, Clock().zone, wish.language, Clock().civil(), wish.queue)
        return document(asked, *(Gathered(POLICY, asked.zone, wish.queue or None) for _ in range(2)))


class Flows:
    """A FlowKeeper whose next set is taken, unless `broken` says why not; `sets` are its versions."""

    def __init__(self):
        self.sets = {}
        self.status = FlowStatus("abc", "", 0.0, "", "")
        self.broken = ""

    def flows_of(self, version):
        return self.sets.get(version)

    async def reload(self, share=1.0):
        if self.broken:
            raise FlowsRefused(self.broken)
        self.status = FlowStatus("abc", "def", share, "", "") if share < 1 else FlowStatus("def", "", 0.0, "abc", "")
        return self.status

    def rollback(self):
        if not self.status.previous and not self.status.candidate:
            raise FlowsRefused("there is no earlier version")
        self.status = FlowStatus("abc", "", 0.0, "", "")
        return self.status


class Hotline:
    """The engine, its metrics, and what the API is given of them."""

    def __init__(self, policy=POLICY):
        self.clock = Clock()
        self.policy = policy
        self.engine = Engine(policy, offer_prefix="t")
        self.attached = True
        self.stuck = False
        self.calls = []
        self.offers = []
        self.records = Records()
        self.decisions = Decisions()
        self.agent_states = AgentStates()
        self.promises = []
        self.reports = Reports()
        self.metrics = Metrics(
            policy,
            Configured(flows={"main": {"menu": ("choice",)}}, operations=[("sql", "balance")], version="1.2.3", flow_version="abc"),
            Readings(totals=self.totals, now=self.clock.now, live_calls=lambda: len(self.calls)),
        )
        self.flows = Flows()
        self.figures = DayFigures(self.clock, lambda: self.policy)
        self.links = Links(ami=True, database=True, store=True)
        self.alerts = []
        self.users = {}
        self.display_token = ""
        self.sessions = Sessions("a key for tests only")
        self.access = Access(TOKEN, lambda: self.users, lambda: self.display_token, self.sessions, lambda: self.policy, self.clock)
        self.broken = ""  # what is wrong with the configuration on disk
        self.routing = PolicyInForce(
            Loaded(policy, {}, ()), read=lambda: Loaded(self.policy, {}, ()), check=self._check_policy, metrics=self.metrics
        )
        self.deps = ApiDeps(
            snapshot=self.snapshot,
            tell=self._tell,
            live_calls=lambda: self.calls,
            explain=lambda call: self.engine.explain(call, self.clock.now()) if self.attached else None,
            records=self.records,
            decisions=self.decisions,
            agent_states=self.agent_states,
            callbacks=lambda: self.promises,
            reports=self.reports,
            flows=self.flows,
            ready=lambda: (self.attached, {"ami_events": True, "adopted": self.attached}),
            policy=lambda: self.policy,
            routing=self.routing,
            metrics=self.metrics,
            figures=self.figures,
            links=lambda: self.links,
            alerts=lambda: self.alerts,
            clock=self.clock,
            token=TOKEN,
            access=self.access,
            version="1.2.3",
        )

    def _check_policy(self, policy):
        if self.broken:
            raise PolicyRefused(self.broken)

    def totals(self, now):
        return self.engine.totals(now) if self.attached else None

    def snapshot(self):
        return self.engine.snapshot(self.clock.now()) if self.attached else None

    def tell(self, *events):
        for event in events:
            now = self.clock.now()
            handled = self.engine.handle(event, now)
            for fact in handled.facts:
                self.metrics.told(fact, now)
                self.figures.told(fact, now)
            self.offers += [command.offer for command in handled.commands if hasattr(command, "offer")]
        self.engine.check_invariants()

    async def _tell(self, event):
        if self.stuck:
            await asyncio.Event().wait()
        if not self.attached:
            return False
        self.tell(event)
        return True

    def talk(self, offer):
        self.tell(OfferRinging(offer), OfferAnswered(offer), TalkStarted(offer))

    def on_the_line(self, *calls):
        self.calls = [LiveCall(call, caller="13800000001", language="zh") for call in calls]

    @contextlib.asynccontextmanager
    async def serve(self, token=TOKEN):
        """Give a client session to the running application."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            serving(make_app(self.deps), "127.0.0.1", 0) as port,
            aiohttp.ClientSession(
                f"http://127.0.0.1:{port}", headers=headers, timeout=aiohttp.ClientTimeout(10)
            ) as client,
        ):
            yield client
