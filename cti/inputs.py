"""What operators wrote for the server: configuration, flows and prompts, read, checked and held against each other."""

from collections.abc import Callable
from dataclasses import dataclass

from acd.config import Policy
from cti.backends.catalogue import OPERATIONS, known_operations
from cti.backends.config import BackendsConfig, read_backends_config
from cti.backends.text_messages import SEND_SMS
from cti.config import missing_plans, read_policy
from cti.config.dialing import load_dialing
from cti.config.loader import Loaded
from cti.dialing import Dialing
from cti.flow_versions import FlowsRefused, Sources
from cti.metrics import Configured
from cti.metrics.axes import HTTP_REQUEST
from cti.metrics.step_results import all_results, marks
from cti.policy_in_force import PolicyRefused
from cti.prompts.files import missing
from cti.settings import Settings
from ivr.document import BadDocument, Finding
from ivr.flows import load_flows, read_files
from ivr.flowset import FlowSet
from ivr.known import Known
from ivr.speech import catalogue
from ivr.steps.callback import BACKEND as CALLBACK_BACKEND
from ivr.steps.callback import CHECK, REQUEST

SHOWN = 20


class StartRefused(Exception):
    """The input cannot be used; the message lists every finding with its cure. Exit status 2."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """All of it, as it can be used.

    Attributes:
        loaded: queues, tiers and agents, with what is to be said of them.
        backends, dialing: config/backends.yaml and config/dialing.yaml.
        sources: the texts of the flow files, by name.
        flows: made from them.

    """

    loaded: Loaded
    backends: BackendsConfig
    dialing: Dialing
    sources: Sources
    flows: FlowSet

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What does not hinder the start."""
        return (*self.loaded.warnings, *self.flows.warnings)

    def known(self, policy: Policy) -> Known:
        """What flows may refer to under a policy."""
        return known_names(policy, self.backends, self.dialing)


def read_inputs(settings: Settings) -> Inputs:
    """Read and check everything. Raises StartRefused, BadDocument."""
    loaded = read_policy(settings.config_dir)
    backends = read_backends(settings)
    dialing = load_dialing(settings.config_dir)
    sources = read_files(settings.flows_dir)
    flows = load_flows(sources, known_names(loaded.policy, backends, dialing))
    absent = tuple(missing_plans(loaded.plans, flows.plans))
    if absent:
        raise BadDocument(absent)
    check_prompts(flows, settings)
    return Inputs(loaded, backends, dialing, sources, flows)


def read_backends(settings: Settings) -> BackendsConfig:
    """config/backends.yaml. Raises StartRefused."""
    path = settings.config_dir / "backends.yaml"
    try:
        return read_backends_config(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise StartRefused(f"{path}: {error.strerror}. Restore the file, or name another folder in config_dir.") from error


def known_names(policy: Policy, backends: BackendsConfig, dialing: Dialing) -> Known:
    """What flows may refer to."""
    operations = known_operations()
    skills = {skill for agent in policy.agents.values() for skill in agent.skills}
    return Known(
        queues=frozenset(policy.queues), skills=frozenset(skills), tiers=frozenset((*policy.tiers, *policy.grades)),
        backends=dict.fromkeys(backends.backends, operations), services=frozenset(backends.services), gateways=frozenset(backends.gateways),
        may_dial=lambda number: dialing.allows(number) is not None,
        callbacks=frozenset(name for name, queue in policy.queues.items() if queue.callback is not None),
    )


def configured_names(flows: FlowSet, backends: BackendsConfig, dialing: Dialing, program: str) -> Configured:
    """What the labels of metrics may say beside the names of the policy."""
    operations = [(name, operation) for name in backends.backends for operation in OPERATIONS]
    operations += [(name, HTTP_REQUEST) for name in backends.services] + [(name, SEND_SMS) for name in backends.gateways]
    operations += [(CALLBACK_BACKEND, operation) for operation in (CHECK, REQUEST)]
    return Configured(
        flows=all_results(flows), marks=marks(flows), operations=operations, rules=[rule.name for rule in dialing.rules],
        version=program, flow_version=flows.version,
    )  # fmt: skip


def check_prompts(flows: FlowSet, settings: Settings) -> None:
    """Raises StartRefused when a prompt has no audio: found at load, not by a caller."""
    absent = missing([*flows.prompts(), *catalogue()], settings.sounds_dir)
    if absent:
        names = "\n".join(f"  {prompt.language}/{prompt.id}: {prompt.text}" for prompt in absent[:SHOWN])
        raise StartRefused(
            f"{len(absent)} prompts have no audio below {settings.sounds_dir}:\n{names}\n"
            "Render them with `hotline prompts build`, or record them."
        )


def absent_plans(policy: Policy, flows: FlowSet) -> str:
    """What is wrong with the hours in which customers are called back; "" if nothing is: by a plan that is gone nobody ever would be."""
    named = {name: queue.callback.plan for name, queue in policy.queues.items() if queue.callback is not None and queue.callback.plan}
    absent = [f"{name} names {plan!r}" for name, plan in named.items() if plan not in flows.plans]
    return f"plans of callback: in queues.yaml that hours.yaml does not have: {', '.join(absent)}. Add or name them." if absent else ""


def checked_flows(texts: Sources, policy: Policy, known: Known, settings: Settings) -> FlowSet:
    """A set of flows that callers may meet. Raises BadDocument, FlowsRefused."""
    flows = load_flows(texts, known)
    absent = absent_plans(policy, flows)
    if absent:
        raise FlowsRefused(absent)
    try:
        check_prompts(flows, settings)
    except StartRefused as error:
        raise FlowsRefused(str(error)) from error
    return flows


def check_fit(policy: Policy, known: Callable[[Policy], Known], settings: Settings, *, default_queue: str) -> None:
    """Raises PolicyRefused when callers could be led to a queue that this policy does not have."""
    if default_queue not in policy.queues:
        raise PolicyRefused(
            f"{settings.config_dir / 'queues.yaml'}: the queue {default_queue!r} is gone, but callers are led there when all else fails. "
            "Keep it, or name another one (default_queue in the server's settings) and start the server again."
        )
    try:
        flows = load_flows(read_files(settings.flows_dir), known(policy))
    except BadDocument as error:
        raise PolicyRefused(f"the flows in {settings.flows_dir} do not fit this configuration:\n{error}") from error
    absent = absent_plans(policy, flows)
    if absent:
        raise PolicyRefused(absent)
