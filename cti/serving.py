"""The server with its HTTP side, from start to signal."""

from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from importlib.metadata import version

from cti.app import Server, reloaded_by_signal, stopped_by_signals
from cti.board.document import AlertBoard, Label
from cti.board.links import LinkWatch
from cti.board.remembering import remembered
from cti.calls.call import Call
from cti.clock import Clock
from cti.collecting import collect_seldom
from cti.database.engine import Database
from cti.http import ApiDeps, LiveCall, make_app, serving
from cti.http.demo import add_demo
from cti.http.records import DatabaseAgentStates, DatabaseDecisions, DatabaseRecords
from cti.inputs import read_backends
from cti.metrics import Metrics
from cti.monitoring import Alert
from cti.report.desk import ReportDesk
from cti.settings import Settings
from cti.startup import opened
from cti.users.access import Access, open_access


async def serve_until_stopped(settings: Settings, *, take_over: bool) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises StartRefused, BadDocument, ListenError (status 2), OwnershipLost (status 3).
    """
    async with opened(settings, take_over=take_over) as (server, database, metrics), AsyncExitStack() as stack:
        watch = LinkWatch(database, server.store, lambda: server.events_link.up and server.actions_link.up)
        access = stack.enter_context(
            closing(open_access(settings.run_dir, settings.http.token.get_secret_value(), lambda: server.policy, Clock(settings.time_zone)))
        )
        app = make_app(_deps(settings, server, database, metrics, watch, access))
        if any(service.own.startswith("/demo") for service in read_backends(settings).services.values()):
            add_demo(app, Clock(settings.time_zone).civil)
        async with serving(app, settings.http.host, settings.http.port), stopped_by_signals(server), reloaded_by_signal(server):
            collect_seldom()
            async with remembered(server.figures, database, Clock(settings.time_zone)), watch.running():
                await server.run()


def _deps(settings: Settings, server: Server, database: Database, metrics: Metrics, watch: LinkWatch, access: Access) -> ApiDeps:
    return ApiDeps(
        snapshot=server.snapshot, tell=server.tell, live_calls=lambda: [_shown(call) for call in server.live_calls()], explain=server.explain,
        records=DatabaseRecords(database), decisions=DatabaseDecisions(database), agent_states=DatabaseAgentStates(database), callbacks=server.callbacks.promises, reports=ReportDesk(settings.database_url, settings.config_dir, settings.time_zone, Clock().now), flows=server.flows, ready=server.ready, policy=lambda: server.policy, routing=server.routing, metrics=metrics,
        figures=server.figures, links=watch.links, alerts=lambda: [_on_board(alert) for alert in server.alerts()], clock=Clock(settings.time_zone), token=settings.http.token.get_secret_value(), access=access, public_url=settings.http.public_url, version=version("hotline-acd"),
    )


def _on_board(alert: Alert) -> AlertBoard:
    return AlertBoard(
        name=alert.name, severity=alert.severity.value, summary=Label(zh=alert.summary_zh, en=alert.summary_en), since=datetime.fromtimestamp(alert.since_ms / 1000, UTC), queue=alert.queue,
    )  # fmt: skip


def _shown(call: Call) -> LiveCall:
    flow, step, seconds = call.standing
    return LiveCall(call.call, call.caller, call.language, call.state.tier, call.state.queue, flow, step, seconds)
