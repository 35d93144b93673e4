"""Flows swapped under live calls: a call ends on the version it began with, a broken set changes nothing.

A new set is checked whole before any caller meets it. It may first be given a share of the new calls (canary); rollback
drops it, or brings the version before back. The sources of each version are kept in the store for a day, so that a call
goes on with its own version even after the server was killed.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from cti.store.base import Namespace, Store, StoreDown
from ivr.document import BadDocument
from ivr.flowset import FlowSet
from ivr.session import Interpreter

KEPT_VERSIONS = 16
KEPT_SECONDS = 24 * 3600.0
#: Call ids are hexadecimal after their first letter; so many digits decide who meets a new version.
_SHARE_DIGITS = 6

Sources = Mapping[str, str]


class FlowsRefused(Exception):
    """A set of flows cannot be used; the message lists every finding. Nothing has changed."""


class FlowMetrics(Protocol):
    """What is counted of reloads."""

    def flows_loaded(self, version: str, *in_use: FlowSet) -> None:
        """New calls are served by this version now, and the last set tried was good."""

    def flows_refused(self) -> None:
        """The last set tried is broken; the alarm stays up until a good one comes."""


@dataclass(frozen=True, slots=True)
class FlowStatus:
    """`current` serves new calls; `candidate` gets `share` of them (0 to 1), "" if there is none; `previous` is what a
    rollback brings back; `refused` says why the last set tried was not taken, "" if it was."""

    current: str
    candidate: str
    share: float
    previous: str
    refused: str


class FlowVersions:
    """The versions in use.

    Args:
        sources: texts of `first` by path.
        read: reads the present texts from disk; raises BadDocument.
        load: checks texts (prompts included) and builds the set; raises BadDocument or FlowsRefused. Runs in a thread.

    """

    def __init__(
        self, first: FlowSet, sources: Sources, *, read: Callable[[], Sources], load: Callable[[Sources], FlowSet], store: Store, metrics: FlowMetrics
    ) -> None:
        self._read = read
        self._load = load
        self._store = store
        self._metrics = metrics
        self._known: OrderedDict[str, Interpreter] = OrderedDict()
        self._flows: dict[str, FlowSet] = {}
        self._current = self._previous = self._candidate = ""
        self._current = self._remember(first)
        self._share = 0.0
        self._refused = ""
        self._seen = dict(sources)
        self._unarchived: dict[str, Sources] = {first.version: sources}
        self._one_at_a_time = asyncio.Lock()
        self.log = structlog.get_logger("flows")

    @property
    def status(self) -> FlowStatus:
        """What serves whom."""
        return FlowStatus(self._current, self._candidate, self._share, self._previous, self._refused)

    @property
    def current(self) -> FlowSet:
        """The set that serves new calls (but for a candidate's share)."""
        return self._flows[self._current]

    def flows_of(self, version: str) -> FlowSet | None:
        """The set of a version in use; None for one that is known no more."""
        return self._flows.get(version)

    def for_new_call(self, call: str) -> Interpreter:
        """The version a new call begins with; the same call id always meets the same one."""
        digits = call[1 : 1 + _SHARE_DIGITS]
        if self._candidate and _fraction(digits) < self._share:
            return self._known[self._candidate]
        return self._known[self._current]

    async def of_version(self, version: str) -> Interpreter:
        """The version a call began with, from memory or the store; the current one when it is known nowhere."""
        if version in self._known:
            return self._known[version]
        try:
            sources = await self._store.get(Namespace.FLOWS, version)
        except StoreDown:
            sources = None
        if isinstance(sources, dict):
            texts = {path: text for path, text in sources.items() if isinstance(text, str)}
            try:
                return self._known[self._remember(await asyncio.to_thread(self._load, texts))]
            except (BadDocument, FlowsRefused) as error:
                self.log.warning("old_flows_unusable", flow_version=version, reason=str(error))
        return self._known[self._current]

    async def reload(self, share: float = 1.0) -> FlowStatus:
        """Read, check and take the flows on disk: for all new calls, or for a `share` of them first.

        Raises FlowsRefused; nothing has changed then.
        """
        async with self._one_at_a_time:
            try:
                sources = await asyncio.to_thread(self._read)
                self._seen = dict(sources)
                flows = await asyncio.to_thread(self._load, sources)
            except (BadDocument, FlowsRefused) as error:
                self._refused = str(error)
                self._metrics.flows_refused()
                self.log.warning("flows_refused", reason=self._refused, flow_version=self._current)
                raise FlowsRefused(self._refused) from error
            self._take(flows, sources, share)
            await self.archive()
            return self.status

    def _take(self, flows: FlowSet, sources: Sources, share: float) -> None:
        self._refused = ""
        self._remember(flows)
        if flows.version != self._current and share < 1.0:
            self._candidate, self._share = flows.version, share
        else:
            if flows.version != self._current:
                self._previous, self._current = self._current, flows.version
            self._candidate, self._share = "", 0.0
        self._unarchived[flows.version] = sources
        self._tell_metrics()
        self.log.info("flows_loaded", flow_version=self._current, candidate=self._candidate, share=self._share)

    def _tell_metrics(self) -> None:
        self._metrics.flows_loaded(self._current, *(self._flows[version] for version in (self._current, self._candidate) if version))

    def rollback(self) -> FlowStatus:
        """Drop the candidate, or go back to the version before. Raises FlowsRefused when there is neither."""
        if self._candidate:
            self._candidate, self._share = "", 0.0
        elif self._previous:
            self._current, self._previous = self._previous, self._current
        else:
            raise FlowsRefused("there is no earlier version to go back to: this server has loaded only one")
        self._tell_metrics()
        self.log.info("flows_rolled_back", flow_version=self._current)
        return self.status

    async def watch(self, every_seconds: float) -> None:
        """Reload whenever a file changed, until cancelled. A broken set is logged and alarmed by `reload` itself."""
        while True:
            await asyncio.sleep(every_seconds)
            try:
                changed = dict(await asyncio.to_thread(self._read)) != self._seen
            except BadDocument:
                changed = self._refused == ""
            if changed:
                try:
                    await self.reload()
                except FlowsRefused:
                    continue

    async def archive(self) -> None:
        """Keep the sources of each version in the store. A dead store is no hindrance: memory has them, too."""
        for version, sources in list(self._unarchived.items()):
            try:
                await self._store.put(Namespace.FLOWS, version, dict(sources), expires_in_seconds=KEPT_SECONDS)
            except StoreDown as error:
                self.log.warning("store_down", reason=str(error))
                return
            del self._unarchived[version]

    def _remember(self, flows: FlowSet) -> str:
        """Keep a version at hand; of old ones that no call of this process began with only the newest few."""
        if flows.version not in self._known:
            self._known[flows.version] = Interpreter(flows)
            self._flows[flows.version] = flows
        self._known.move_to_end(flows.version)
        needed = {flows.version, self._current, self._previous, self._candidate}
        for version in [version for version in self._known if version not in needed][: max(0, len(self._known) - KEPT_VERSIONS)]:
            del self._known[version], self._flows[version]
        return flows.version


def _fraction(digits: str) -> float:
    try:
        return int(digits, 16) / float(16 ** len(digits))
    except ValueError:
        return 1.0
