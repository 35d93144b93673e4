"""The formulas against published tables and against chains solved by brute force."""

import math
from typing import ClassVar

import pytest

from acd.theory.confidence import controlled, interval, student_quantile
from acd.theory.erlang import ErlangA, ErlangC, erlang_b
from acd.theory.priority import conserved_wait_seconds, priority_waits
from acd.theory.product_form import ProductForm


@pytest.mark.parametrize(
    ("agents", "erlangs", "delayed", "wait", "level"),
    [
        (5, 4, 0.554113, 166.234, 48.162),
        (10, 8, 0.409180, 61.377, 64.190),
        (50, 45, 0.363864, 21.832, 73.928),
        (50, 48, 0.694456, 104.168, 39.223),
        (100, 90, 0.216940, 6.5082, 88.862),
        (100, 95, 0.506457, 30.3874, 63.711),
        (1000, 970, 0.242823, 2.4282, 96.714),
        (10000, 9900, 0.222777, 0.6683, 99.972),
    ],
)
def test_erlang_c_gives_the_table_of_five_to_ten_thousand_agents(agents, erlangs, delayed, wait, level):
    line = ErlangC(agents, erlangs, 300.0)
    assert line.delayed_share == pytest.approx(delayed, abs=5e-7)
    assert line.mean_wait_seconds == pytest.approx(wait, rel=1e-4)
    assert 100 * line.service_level(20) == pytest.approx(level, abs=5e-4)


def test_erlang_c_gives_the_example_of_garnett_and_gans():
    line = ErlangC(50, 48, 60.0)  # 50 agents, 48 calls a minute of 60 s
    assert line.mean_wait_seconds == pytest.approx(20.83, abs=0.005)
    assert line.mean_waiting == pytest.approx(16.67, abs=0.005)
    assert line.longer_share(58.14) == pytest.approx(0.1, abs=1e-4)


def test_erlang_c_refuses_more_work_than_agents():
    with pytest.raises(ValueError, match="3 agents cannot keep up with 3 erlangs"):
        ErlangC(3, 3.0, 60.0)


@pytest.mark.parametrize(
    ("agents", "a_minute", "patience", "delayed", "abandoned", "wait", "served_wait", "waiting", "busy", "level"),
    [
        (50, 48, 120, 0.467774, 0.030912, 3.7095, 3.6159, 2.9676, 0.93032, 0.94302),
        (10, 9, 120, 0.468942, 0.067012, 8.0414, 7.5546, 1.2062, 0.83969, 0.79379),
        (10, 11, 120, 0.750503, 0.147746, 17.7295, 17.5351, 3.2504, 0.93748, 0.53714),
        (100, 100, 180, 0.643582, 0.029191, 5.2543, 5.2166, 8.7572, 0.97081, 0.93674),
    ],
)
def test_erlang_a_gives_the_table(
    agents, a_minute, patience, delayed, abandoned, wait, served_wait, waiting, busy, level
):
    line = ErlangA(agents, a_minute / 60, 60.0, patience)
    found = [line.delayed_share, line.abandoned_share, line.mean_wait_seconds, line.mean_wait_of_served_seconds]
    found += [line.mean_waiting, line.occupancy, line.service_level(20)]
    assert found == pytest.approx([delayed, abandoned, wait, served_wait, waiting, busy, level], rel=1e-4)


def test_erlang_a_with_endless_patience_is_erlang_c():
    patient, endless = ErlangA(10, 8 / 60, 60.0, 1e9), ErlangC(10, 8, 60.0)
    assert patient.mean_wait_seconds == pytest.approx(endless.mean_wait_seconds, rel=1e-6)
    assert patient.service_level(20) == pytest.approx(endless.service_level(20), rel=1e-6)


def test_erlang_a_holds_under_any_load():
    swamped = ErlangA(300, 10.0, 300.0, 60.0)  # 3,000 erlangs before 300 agents: nine of ten give up
    assert swamped.abandoned_share == pytest.approx(0.9, abs=1e-3)
    assert swamped.occupancy == pytest.approx(1.0, abs=1e-6)
    assert ErlangA(5, 1e-4, 60.0, 60.0).delayed_share < 1e-12


def test_erlang_b_of_two_lines():
    assert erlang_b(2, 1.0) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("agents", "rates", "waits"),
    [
        (1, (0.3, 0.3, 0.3), (1.285714, 3.214286, 22.5)),
        (10, (2, 3, 4), (0.083591, 0.167183, 1.337463)),
        (50, (5, 15, 28), (0.015432, 0.025721, 0.578713)),
    ],
)
def test_priority_gives_the_table_and_conserves_the_mean(agents, rates, waits):
    found = priority_waits(agents, rates, 1.0)
    assert found == pytest.approx(waits, rel=5e-5)
    assert conserved_wait_seconds(rates, found) == pytest.approx(ErlangC(agents, sum(rates), 1.0).mean_wait_seconds)


class NModel:
    """The chain itself: agent a serves plain calls only, b both; first come first served, to the agent idle longest.

    State: (idle agents, longest idle first; kinds in line, first come first; nobody idle can serve any of them).
    """

    rates: ClassVar = {"p": 0.5, "s": 0.2}
    serves: ClassVar = {"a": "p", "b": "ps"}

    def settle(self, idle, line):
        """Give calls to idle agents until nobody idle can serve any who waits."""
        for place, kind in enumerate(line):
            for agent in idle:
                if kind in self.serves[agent]:
                    rest = tuple(other for other in idle if other != agent)
                    return self.settle(rest, line[:place] + line[place + 1 :])
        return idle, line

    def moves(self, state, most):
        idle, line = state
        if len(line) < most:
            yield from ((self.settle(idle, line + kind), rate) for kind, rate in self.rates.items())
        yield from ((self.settle((*idle, agent), line), 1.0) for agent in "ab" if agent not in idle)

    def waits(self, most):
        """Mean waits, with at most `most` in line, by repeated sweeps of the uniformized chain."""
        number = {(("a", "b"), ""): 0}
        states = list(number)
        for state in states:
            for following, _ in self.moves(state, most):
                if following not in number:
                    number[following] = len(states)
                    states.append(following)
        outs = [[(number[following], rate / 4) for following, rate in self.moves(state, most)] for state in states]
        share = [1.0 / len(states)] * len(states)
        for _ in range(400):
            share = self.step(share, outs)
        waiting = {
            kind: sum(weight * line.count(kind) for weight, (_, line) in zip(share, states, strict=True))
            for kind in "ps"
        }
        return {kind: waiting[kind] / rate for kind, rate in self.rates.items()}

    def step(self, share, outs):
        after = list(share)
        for place, weight in enumerate(share):
            for following, part in outs[place]:
                after[following] += weight * part
                after[place] -= weight * part
        return after


def test_the_product_form_is_what_the_chain_of_the_n_model_gives():
    form = ProductForm({"p": 0.5, "s": 0.2}, {"a": 1.0, "b": 1.0}, {"a": frozenset("p"), "b": frozenset("ps")})
    chain = NModel().waits(most=9)
    assert form.mean_wait_seconds("p") == pytest.approx(chain["p"], rel=2e-3)
    assert form.mean_wait_seconds("s") == pytest.approx(chain["s"], rel=2e-3)
    assert form.busy_share("a") + form.busy_share("b") == pytest.approx(0.7)


def test_the_product_form_of_equal_agents_is_erlang_c():
    everything = frozenset({"k"})
    form = ProductForm({"k": 2.4}, dict.fromkeys("abc", 1.0), dict.fromkeys("abc", everything))
    assert form.mean_wait_seconds("k") == pytest.approx(ErlangC(3, 2.4, 1.0).mean_wait_seconds)


def test_the_product_form_names_the_agents_who_cannot_keep_up():
    form = ProductForm({"p": 0.5, "s": 1.2}, {"a": 1.0, "b": 1.0}, {"a": frozenset("p"), "b": frozenset("ps")})
    with pytest.raises(ValueError, match="b cannot keep up with s"):
        form.mean_wait_seconds("s")


@pytest.mark.parametrize(
    ("confidence", "freedom", "quantile"),
    [(0.99, 19, 2.860935), (0.95, 10, 2.228139), (0.99, 2, 9.924843), (0.95, 1, 12.706205), (0.9, 120, 1.657651)],
)
def test_students_quantiles_are_those_of_the_tables(confidence, freedom, quantile):
    assert student_quantile(confidence, freedom) == pytest.approx(quantile, abs=1e-6)


def test_a_control_that_explains_everything_leaves_no_doubt():
    control = [1.0, 2.0, 4.0, 3.0, 7.0]
    found = controlled([3 + 2 * seen for seen in control], control, 3.0)
    assert found.mean == pytest.approx(9.0)
    assert found.half_width == pytest.approx(0.0, abs=1e-9)


def test_one_value_leaves_every_doubt():
    assert math.isinf(interval([1.0]).half_width)
    assert interval([1.0]).holds(1e9)
