"""The operations behind the pages at /flows."""

import asyncio
from dataclasses import dataclass, field
from functools import lru_cache

from aiohttp import web

from cti.http.deps import ApiDeps
from cti.http.flow_page import Told, Version, flow_page, list_page
from cti.http.models import FlowPageQuery
from cti.http.operations import operation
from cti.http.problems import Refusal
from ivr.flowset import FlowSet
from ivr.graph import graph_of, svg
from ivr.graph.comparing import changes, compared

PAGE = "text/html"
_PICTURES_KEPT = 32


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A picture, known by the versions it is of: a version's mark is made from its texts."""

    name: str
    version: str
    against: str
    flows: FlowSet = field(compare=False)
    before: FlowSet | None = field(compare=False)


@operation("GET", "/flows", "flows", needs_token=False, media=(PAGE,))
async def flows_page(deps: ApiDeps) -> web.Response:
    """A page for people: the versions of the flows in use, and what they change."""
    versions = _versions(deps)
    told = [_told(deps, part, flows) for part, flows in versions.items()]
    pair = _newest_change(versions)
    sentences = await asyncio.to_thread(changes, *pair) if pair else ()
    return _page(list_page(told, sentences, deps.flows.status.refused))


@operation("GET", "/flows/{name}", "flows", needs_token=False, media=(PAGE,))
async def flow_picture(deps: ApiDeps, name: str, query: FlowPageQuery) -> web.Response:
    """A page for people: a flow as a picture, or what changed between two versions of it.

    `version` is current, candidate or previous; `against` the one to compare it with.
    """
    versions = _versions(deps)
    part, other = Version(query.version), Version(query.against) if query.against else None
    flows = _version(versions, part)
    before = None if other is None else _version(versions, other)
    if name not in flows.flows and (before is None or name not in before.flows):
        raise Refusal(404, f"there is no flow {name!r}; /flows lists them")
    wanted = _Wanted(name, flows.version, before.version if before else "", flows, before)
    picture, sentences = await asyncio.to_thread(_drawn, wanted)
    told = {each: _told(deps, each, known) for each, known in versions.items()}
    others = [told[each] for each in told if each is not part]
    return _page(flow_page(name, told[part], others, told[other] if other else None, picture, sentences))


def _versions(deps: ApiDeps) -> dict[Version, FlowSet]:
    """Return the sets in use, the one in force first."""
    status = deps.flows.status
    marks = {Version.CURRENT: status.current, Version.CANDIDATE: status.candidate, Version.PREVIOUS: status.previous}
    found = {part: deps.flows.flows_of(mark) for part, mark in marks.items() if mark}
    return {part: flows for part, flows in found.items() if flows is not None}


def _version(versions: dict[Version, FlowSet], part: Version) -> FlowSet:
    if part not in versions:
        raise Refusal(404, f"there is no {part} version now; /flows shows those in use")
    return versions[part]


def _told(deps: ApiDeps, part: Version, flows: FlowSet) -> Told:
    return Told(flows.version, part, deps.flows.status.share, {name: len(flow.steps) for name, flow in flows.flows.items()})


def _newest_change(versions: dict[Version, FlowSet]) -> tuple[FlowSet, FlowSet] | None:
    if Version.CANDIDATE in versions:
        return versions[Version.CURRENT], versions[Version.CANDIDATE]
    if Version.PREVIOUS in versions:
        return versions[Version.PREVIOUS], versions[Version.CURRENT]
    return None


@lru_cache(maxsize=_PICTURES_KEPT)
def _drawn(wanted: _Wanted) -> tuple[str, tuple[str, ...]]:
    """Return picture and sentences; a flow of sixty steps full of jumps takes a second or two, so in a thread and once."""
    if wanted.before is None:
        return svg(graph_of(wanted.flows, wanted.name)), ()
    return svg(compared(wanted.before, wanted.flows, wanted.name)), changes(wanted.before, wanted.flows)


def _page(text: str) -> web.Response:
    return web.Response(text=text, content_type=PAGE)
