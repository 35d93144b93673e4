"""The operations on callbacks: who waits to be called back, and taking it back."""

from datetime import UTC, datetime

from acd.events import CallbackCancelled
from acd.snapshot import CallSnapshot
from acd.states import CallState
from cti.callbacks.promise import Promise
from cti.http.deps import ApiDeps
from cti.http.models import CallbackList, CallbackView
from cti.http.operations import operation
from cti.http.problems import Refusal
from cti.http.routes import NO_ENGINE


@operation("GET", "/api/callbacks", "callbacks")
async def list_callbacks(deps: ApiDeps) -> CallbackList:
    """Who waits to be called back, by place in line."""
    snapshot = deps.snapshot()
    known = {} if snapshot is None else {call.call: call for queue in snapshot.queues.values() for call in queue.calls}
    views = [_view(promise, known.get(promise.callback)) for promise in deps.callbacks()]
    return CallbackList(callbacks=views)


@operation("POST", "/api/callbacks/{callback}/cancel", "callbacks", status=202, problems=(409, 503))
async def cancel_callback(deps: ApiDeps, callback: str) -> CallbackView:
    """Take a callback back; it is shown as it was.

    An agent who is just being rung for it is let go. 409 once agent and customer talk.
    """
    snapshot = deps.snapshot()
    promise = next((known for known in deps.callbacks() if known.callback == callback), None)
    if promise is None:
        raise Refusal(404, f"there is no callback {callback!r}; GET /api/callbacks lists them")
    calls = {} if snapshot is None else {call.call: call for queue in snapshot.queues.values() for call in queue.calls}
    talking = snapshot is not None and any(agent.call == callback and callback not in calls for agent in snapshot.agents.values())
    if talking:
        raise Refusal(409, "agent and customer talk already")
    if not await deps.tell(CallbackCancelled(callback)):
        raise Refusal(503, NO_ENGINE)
    return _view(promise, calls.get(callback))


def _view(promise: Promise, call: CallSnapshot | None) -> CallbackView:
    return CallbackView(
        callback=promise.callback, number=promise.number, queue=promise.queue, tier=promise.tier, language=promise.language,
        requested_at=_instant(promise.requested_ms), expires_at=_instant(promise.expires_ms), attempts=len(promise.attempts),
        results=[attempt.result for attempt in promise.attempts], state=CallState.WAITING if call is None else call.state,
        position=None if call is None else call.position, agent="" if call is None else call.agent,
        held_back="" if call is None else call.held_back,
    )  # fmt: skip


def _instant(wall_ms: int) -> datetime:
    return datetime.fromtimestamp(wall_ms / 1000, UTC)
