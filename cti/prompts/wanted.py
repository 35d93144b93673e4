"""Which prompts a hotline needs: those of its flows, and those that speak values."""

from pathlib import Path

from ivr.flows import load_flows
from ivr.flowset import FlowSet
from ivr.known import Known
from ivr.speech import Prompt, catalogue


def wanted_prompts(flows: Path) -> tuple[Prompt, ...]:
    """Return every prompt that callers of these flows can hear, sorted by language and id.

    Raises BadDocument when the flows do not load.
    """
    return wanted_of(flows)[1]


def wanted_of(flows: Path) -> tuple[FlowSet, tuple[Prompt, ...]]:
    """Return the flows themselves, and their prompts as `wanted_prompts` does."""
    loaded = load_flows(flows, Known())
    return loaded, tuple(sorted({*loaded.prompts(), *catalogue()}, key=lambda prompt: (prompt.language, prompt.id)))
