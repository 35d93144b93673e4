"""The operations on the configuration that calls are routed by."""

from cti.http.deps import ApiDeps
from cti.http.models import PolicyView
from cti.http.operations import operation
from cti.http.problems import Refusal
from cti.policy_in_force import PolicyRefused


@operation("GET", "/api/policy", "policy")
async def show_policy(deps: ApiDeps) -> PolicyView:
    """The queues, tiers and agents in force."""
    return PolicyView.model_validate(deps.routing.status)


@operation("POST", "/api/policy/reload", "policy", problems=(409,))
async def reload_policy(deps: ApiDeps) -> PolicyView:
    """Read queues.yaml, tiers.yaml and agents.yaml, check them with the flows, and route by them from now on.

    409 with every finding if they cannot be used; nothing has changed then. Callers keep their places, talks go on.
    """
    try:
        return PolicyView.model_validate(await deps.routing.reload())
    except PolicyRefused as error:
        raise Refusal(409, str(error)) from error
