"""Whatever is done to them, the store in memory and the store in a file give the same answers."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cti.store.guarded import GuardedStore
from cti.store.memory import MemoryDriver
from cti.store.sqlite import SqliteDriver

KEYS = st.sampled_from(["a", "b", "ü*?"])
ROOMS = st.sampled_from(["agents", "sessions"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
LIFETIMES = st.none() | st.sampled_from([1.0, 10.0])
LIVES = st.sampled_from([1.0, 10.0])
MOVES = st.one_of(
    st.tuples(st.just("put"), ROOMS, KEYS, VALUES, LIFETIMES),
    st.tuples(st.just("delete"), ROOMS, KEYS),
    st.tuples(st.just("increment"), ROOMS, KEYS, LIVES, st.integers(-2, 3)),
    st.tuples(st.just("compare_and_set"), ROOMS, KEYS, VALUES, VALUES, LIFETIMES),
    st.tuples(st.just("put_generation"), ROOMS, KEYS, st.integers(0, 4), VALUES, LIFETIMES),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 2.0, 100.0])),
)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


async def done(store: GuardedStore, move: tuple) -> object:
    match move:
        case ("put", room, key, value, lifetime):
            return await store.put(room, key, value, expires_in_seconds=lifetime)
        case ("delete", room, key):
            return await store.delete(room, key)
        case ("increment", room, key, lifetime, amount):
            return await store.increment(room, key, expires_in_seconds=lifetime, amount=amount)
        case ("compare_and_set", room, key, expected, new, lifetime):
            return await store.compare_and_set(room, key, expected, new, expires_in_seconds=lifetime)
        case ("put_generation", room, key, generation, value, lifetime):
            return await store.put_generation(room, key, generation, value, expires_in_seconds=lifetime)
    raise AssertionError(move)


async def everything(store: GuardedStore) -> list[object]:
    pairs = [(room, key) for room in ("agents", "sessions") for key in ("a", "b", "ü*?")]
    found: list[object] = [await store.get_generation(room, key) for room, key in pairs]
    return [*found, await store.items("agents"), await store.items("sessions")]


async def compare(moves: list[tuple], folder: str) -> None:
    clock = Clock()
    twins = [
        GuardedStore(MemoryDriver(clock), deadline_seconds=5),
        GuardedStore(SqliteDriver(Path(folder) / "store.db", clock), deadline_seconds=5),
    ]
    try:
        for move in moves:
            if move[0] == "wait":
                clock.now += move[1]
                continue
            first, second = [await done(store, move) for store in twins]
            assert first == second, move
            assert await everything(twins[0]) == await everything(twins[1]), move
    finally:
        for store in twins:
            await store.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(MOVES, max_size=12))
def test_memory_and_file_agree(moves):
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(compare(moves, folder))
