"""One line, equal agents: Erlang C and A."""

from __future__ import annotations

from statistics import fmean

from acd.proof.experiment import WARM_UP_SHARE, Experiment, Played, fate, one_line, waits
from acd.simulation.callers import Caller
from acd.simulation.draws import Draws
from acd.theory.erlang import ErlangA, ErlangC
from acd.theory.recursion import first_come_waits, single_agent_waits

_CALM = 0.9
_LOAD_COUNTS = 10.0


def erlang_c(agents: int, erlangs: float, calls: int) -> Experiment:
    """Callers who never give up. Control: one agent as fast as all, on the same callers (mean by Pollaczek, Khinchine)."""
    formula = ErlangC(agents, erlangs, 1.0)
    used = erlangs / agents

    def play(seed: int, count: int) -> Played:
        drawn = fate(seed, count, erlangs)
        callers = [
            Caller(str(number), at, "line", "any", talk)
            for number, (at, talk) in enumerate(zip(drawn.arrivals, drawn.talks, strict=True))
        ]
        skip = int(count * WARM_UP_SHARE)
        waited = waits(one_line(agents), callers)[0][skip:]
        alone = single_agent_waits(drawn.arrivals, [talk / agents for talk in drawn.talks])[skip:]
        values = {"mean wait": fmean(waited), "share who wait": fmean(wait > 0 for wait in waited)}
        return Played(values, fmean(alone))

    return Experiment(
        name=f"Erlang C, {agents} agents, {erlangs:g} erlangs",
        source="A. K. Erlang 1917",
        agents=agents,
        calls=calls,
        formulas={"mean wait": formula.mean_wait_seconds, "share who wait": formula.delayed_share},
        control_mean=used / (1.0 - used) / agents,
        play=play,
    )


def erlang_a(agents: int, erlangs: float, patience: float, calls: int) -> Experiment:
    """Callers who give up; `patience` in mean talks.

    Control: the load that came, against its mean; up to nine tenths of what the agents can do, also the wait that the same
    callers would have had without giving up, against Erlang C. (Beyond, that line remembers for longer than is played.)
    """
    formula = ErlangA(agents, erlangs, 1.0, patience)
    endless = ErlangC(agents, erlangs, 1.0).mean_wait_seconds if erlangs <= _CALM * agents else None

    def play(seed: int, count: int) -> Played:
        drawn = fate(seed, count, erlangs)
        patiences = Draws(seed, "proof patience")
        callers = [
            Caller(str(number), at, "line", "any", talk, patiences.exponential(patience))
            for number, (at, talk) in enumerate(zip(drawn.arrivals, drawn.talks, strict=True))
        ]
        skip = int(count * WARM_UP_SHARE)
        waited, served = waits(one_line(agents), callers)
        load = fmean(drawn.talks[skip:]) - (drawn.arrivals[-1] - drawn.arrivals[skip - 1]) / (count - skip) * erlangs
        values = {"mean wait": fmean(waited[skip:]), "share who give up": 1.0 - fmean(served[skip:])}
        if endless is None:
            return Played(values, load)
        patient = fmean(first_come_waits(agents, drawn.arrivals, drawn.talks)[skip:])
        return Played(values, _LOAD_COUNTS * load + patient / endless - 1.0)

    return Experiment(
        name=f"Erlang A, {agents} agents, {erlangs:g} erlangs, patience {patience:g}",
        source="C. Palm 1957",
        agents=agents,
        calls=calls,
        formulas={"mean wait": formula.mean_wait_seconds, "share who give up": formula.abandoned_share},
        control_mean=0.0,
        play=play,
    )
