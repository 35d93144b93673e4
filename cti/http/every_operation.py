"""The whole list of the API's operations: brings in every file that declares some."""

from cti.http import (
    assets,
    board_routes,
    callback_routes,
    day_routes,
    flow_routes,
    policy_routes,
    report_routes,
    routes,
    session_routes,
)
from cti.http.operations import operation

__all__ = ["assets", "board_routes", "callback_routes", "day_routes", "flow_routes", "operation", "policy_routes", "report_routes", "routes", "session_routes"]
