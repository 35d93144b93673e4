"""Several customer tiers before one group of agents: strict priority, ageing, and what no order can change."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from acd.theory.erlang import ErlangC

if TYPE_CHECKING:
    from collections.abc import Sequence


def priority_waits(agents: int, calls_per_second: Sequence[float], handle_seconds: float) -> tuple[float, ...]:
    """Return each tier's mean wait in seconds under strict priority that interrupts no talk, highest tier first.

    Source: O. Kella and U. Yechiali 1985 (R. Davis 1966): W_k = C(c,a) / (c mu) / ((1 - s_(k-1)) (1 - s_k)), with s_k the
    load of tiers 1 to k on all agents.

    Raises:
        ValueError: if the agents cannot keep up.

    """
    line = ErlangC(agents, sum(calls_per_second) * handle_seconds, handle_seconds)
    scale = line.delayed_share * handle_seconds / agents
    loads = [0.0, *(rate * handle_seconds / agents for rate in accumulate(calls_per_second))]
    return tuple(scale / ((1.0 - before) * (1.0 - upto)) for before, upto in pairwise(loads))


def conserved_wait_seconds(calls: Sequence[float], waits_seconds: Sequence[float]) -> float:
    """Return sum(n_k W_k) / sum(n_k): the same for every order that leaves no agent idle while somebody waits.

    Holds if talks do not depend on the tier. Source: L. Kleinrock 1965.
    """
    return sum(count * wait for count, wait in zip(calls, waits_seconds, strict=True)) / sum(calls)
