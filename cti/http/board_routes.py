"""The live board: as a document, as a stream, and the page that draws it."""

import asyncio
from collections.abc import Callable

from aiohttp import hdrs, web

from acd.snapshot import Snapshot
from cti.board.building import CallOnBoard, Knowledge, build
from cti.board.document import Board
from cti.board.hub import BoardHub, TooManyClients
from cti.board.viewing import seen_by
from cti.http.deps import ApiDeps, LiveCall
from cti.http.operations import operation
from cti.http.problems import Refusal
from cti.users.rights import Reach

STREAM = "text/event-stream"
COUNT_SECONDS = 20.0
HUB: web.AppKey[BoardHub] = web.AppKey("board hub", BoardHub)
ALLOWED: web.RequestKey[Callable[[], bool]] = web.RequestKey("still allowed", Callable)  # type: ignore[arg-type] # a form is no class


@operation("GET", "/api/board", "board")
async def show_board(deps: ApiDeps, reach: Reach) -> Board:
    """The board as a document: lines, agents, callers, flows, alerts and the last three hours, as far as the role reaches."""
    return seen_by(board_of(deps), reach.viewer, deps.policy())


@operation("GET", "/api/board/stream", "board", media=(STREAM,), problems=(503,))
async def stream_board(deps: ApiDeps, request: web.Request, reach: Reach) -> web.StreamResponse:
    """The same as server-sent events named `board`: at least every 2 s, and soon after a change.

    Who does not read gets the newest board later, and is let go after a while. 503 when 500 browsers look already, or 20 of one user.
    """
    del deps
    try:
        return await request.app[HUB].feed(request, reach.viewer, request[ALLOWED])
    except TooManyClients as error:
        raise Refusal(503, "too many browsers look at the board already; close some", headers={hdrs.RETRY_AFTER: "30"}) from error


def board_of(deps: ApiDeps) -> Board:
    """Return the whole board as of now."""
    snapshot = deps.snapshot()
    _count_waiting(deps, snapshot)
    return build(
        Knowledge(
            at=deps.clock.civil(), version=deps.version, ready=deps.ready()[0], links=deps.links(), snapshot=snapshot, policy=deps.policy(),
            calls=[_on_board(call) for call in deps.live_calls()], today=deps.figures.today(), recent=deps.figures.recent(),
            trend=deps.figures.trend(), alerts=deps.alerts(),
        )
    )  # fmt: skip


async def keep_counting(deps: ApiDeps) -> None:
    """Take down how many wait every COUNT_SECONDS until cancelled: the trend goes on while nobody looks."""
    while True:
        _count_waiting(deps, deps.snapshot())
        await asyncio.sleep(COUNT_SECONDS)


def _count_waiting(deps: ApiDeps, snapshot: Snapshot | None) -> None:
    if snapshot is not None:
        deps.figures.waiting(sum(queue.waiting for queue in snapshot.queues.values()))


def make_hub(deps: ApiDeps) -> BoardHub:
    """Return the hub of the streams; whoever serves the application runs it."""
    hub = BoardHub(lambda: board_of(deps), lambda board, viewer: seen_by(board, viewer, deps.policy()), deps.clock.now)
    deps.figures.when_changed(hub.changed)
    return hub


def _on_board(call: LiveCall) -> CallOnBoard:
    return CallOnBoard(call.call, call.queue, call.flow, call.step, call.step_seconds)
