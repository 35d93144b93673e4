"""The whole list of the API's operations: brings in every file that declares some."""

from cti.http import callback_routes, day_routes, flow_routes, policy_routes, routes
from cti.http.operations import operation

__all__ = ["callback_routes", "day_routes", "flow_routes", "operation", "policy_routes", "routes"]
