"""Python's search for cyclic garbage, kept out of the way of calls."""

import gc

_NEW_OBJECTS = 20_000
_YOUNG_ROUNDS, _MIDDLE_ROUNDS = 20, 50


def collect_seldom() -> None:
    """Leave alone for good what is loaded by now (libraries, flows, policy), and look through the rest more seldom.

    What calls leave behind is freed at once by reference counts; cycles are rare. A full search through everything
    would stand still for tens of milliseconds, longer than an offer may take.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _YOUNG_ROUNDS, _MIDDLE_ROUNDS)
