"""One contract, three stores: memory, a real SQLite file, a real redis-server; and what happens when they break."""

import asyncio
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from cti.store import Namespace, Store, StoreAddressError, StoreDown, open_store
from tests.support.redis_server import RedisServer

REDIS_PORT = 18100
FAULT_PORT = 18101
PATIENCE = 1  # seconds; the default would now and then be too short on a busy machine
AGENTS, SESSIONS, LOCKOUTS, OWNER = Namespace.AGENTS, Namespace.SESSIONS, Namespace.LOCKOUTS, Namespace.OWNER
pytestmark = [pytest.mark.asyncio, pytest.mark.acceptance]


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not await check():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"), REDIS_PORT)
    server.start()
    yield server
    server.kill()


@pytest_asyncio.fixture(params=["memory", "sqlite", "redis"])
async def store(request, tmp_path) -> AsyncIterator[Store]:
    if request.param == "redis":
        request.getfixturevalue("redis_server").say("FLUSHALL")
    urls = {
        "memory": "memory:",
        "sqlite": f"sqlite:///{tmp_path}/state/store.db",
        "redis": f"redis://127.0.0.1:{REDIS_PORT}/0",
    }
    opened = open_store(urls[request.param], deadline_seconds=5)
    yield opened
    await opened.close()


async def test_gives_back_what_was_put(store):
    value = {"state": "ready", "名字": "张伟", "since": 12.5, "skills": [1, None, True], "odd": "a\u0000b\ud800"}
    await store.put(AGENTS, "agent1", value)
    assert await store.get(AGENTS, "agent1") == value
    await store.put(AGENTS, "agent1", "again")
    assert await store.get(AGENTS, "agent1") == "again"


async def test_nothing_there_is_none_and_deleting_it_is_fine(store):
    assert await store.get(AGENTS, "nobody") is None
    await store.delete(AGENTS, "nobody")
    await store.put(AGENTS, "somebody", 1)
    await store.delete(AGENTS, "somebody")
    assert await store.get(AGENTS, "somebody") is None


async def test_namespaces_do_not_meet_and_items_lists_one_of_them(store):
    await store.put(AGENTS, "x:*[1]?", 1)
    await store.put(AGENTS, "y", 2)
    await store.put(SESSIONS, "y", 3)
    assert await store.items(AGENTS) == {"x:*[1]?": 1, "y": 2}
    assert await store.items(OWNER) == {}


async def test_items_lists_more_than_one_batch(store):
    await asyncio.gather(*(store.put(SESSIONS, f"call-{n}", n) for n in range(1200)))
    assert await store.items(SESSIONS) == {f"call-{n}": n for n in range(1200)}


async def test_values_expire(store):
    await store.put(AGENTS, "short", 1, expires_in_seconds=0.05)
    await store.put(AGENTS, "long", 2, expires_in_seconds=60)
    await eventually(lambda: _gone(store, AGENTS, "short"))
    assert await store.items(AGENTS) == {"long": 2}


async def _gone(store: Store, namespace: str, key: str) -> bool:
    return await store.get(namespace, key) is None


async def test_counters_count_and_expire_from_their_first_increment(store):
    counts = await asyncio.gather(*(store.increment(LOCKOUTS, "n", expires_in_seconds=60) for _ in range(20)))
    assert sorted(counts) == list(range(1, 21))
    assert await store.increment(LOCKOUTS, "n", expires_in_seconds=60, amount=-5) == 15
    assert await store.get(LOCKOUTS, "n") == 15
    await store.increment(LOCKOUTS, "brief", expires_in_seconds=0.1)
    await store.increment(LOCKOUTS, "brief", expires_in_seconds=60)
    await eventually(lambda: _gone(store, LOCKOUTS, "brief"))
    assert await store.increment(LOCKOUTS, "brief", expires_in_seconds=60) == 1


async def test_a_counter_over_something_else_starts_anew(store):
    await store.put(LOCKOUTS, "n", {"not": "a number"})
    assert await store.increment(LOCKOUTS, "n", expires_in_seconds=60) == 1


async def test_compare_and_set_lets_one_of_many_win(store):
    claims = [store.compare_and_set(OWNER, "owner", None, {"epoch": n, "who": "x"}) for n in range(10)]
    won = await asyncio.gather(*claims)
    assert sum(won) == 1
    present = await store.get(OWNER, "owner")
    assert await store.compare_and_set(OWNER, "owner", {"who": "x", "epoch": present["epoch"]}, "next")
    assert not await store.compare_and_set(OWNER, "owner", present, "late")
    assert await store.compare_and_set(OWNER, "owner", "next", None)
    assert await store.get(OWNER, "owner") is None


async def test_the_highest_generation_wins(store):
    assert await store.put_generation(SESSIONS, "c1", 5, {"step": "menu"})
    assert not await store.put_generation(SESSIONS, "c1", 4, {"step": "old"})
    assert await store.put_generation(SESSIONS, "c1", 5, {"step": "again"})
    assert await store.put_generation(SESSIONS, "c1", 12, {"step": "new"})
    assert await store.get(SESSIONS, "c1") == {"step": "new"}
    assert await store.get_generation(SESSIONS, "c1") == (12, {"step": "new"})


async def test_the_highest_generation_wins_in_any_order_of_arrival(store):
    await asyncio.gather(*(store.put_generation(SESSIONS, "c", n, n) for n in (3, 9, 1, 8, 2, 7)))
    assert await store.get_generation(SESSIONS, "c") == (9, 9)


async def test_a_gravestone_refuses_late_writes(store):
    await store.put_generation(SESSIONS, "c1", 3, {"step": "menu"})
    await store.put_generation(SESSIONS, "c1", 4, None, expires_in_seconds=60)
    assert await store.get(SESSIONS, "c1") is None
    assert not await store.put_generation(SESSIONS, "c1", 3, {"step": "late"})
    assert await store.items(SESSIONS) == {}


async def test_an_expired_generation_no_longer_refuses(store):
    await store.put_generation(SESSIONS, "c1", 9, 1, expires_in_seconds=0.05)
    await eventually(lambda: _gone(store, SESSIONS, "c1"))
    assert await store.put_generation(SESSIONS, "c1", 1, 2)


@pytest.mark.parametrize("key", ["", "a\nb", "x" * 513, "\u0000"])
async def test_bad_keys_are_refused_before_anything_happens(store, key):
    with pytest.raises(ValueError, match="key"):
        await store.put(AGENTS, key, 1)


async def test_bad_values_and_rooms_are_refused(store):
    for bad in (float("nan"), "x" * 1_000_001):
        with pytest.raises(ValueError):
            await store.put(AGENTS, "a", bad)
    with pytest.raises(ValueError):
        await store.get("kitchen", "a")


async def test_a_cancelled_caller_harms_nobody(store):
    for n in range(30):
        task = asyncio.ensure_future(store.put(AGENTS, "mine", n))
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    answers = await asyncio.gather(*(store.increment(LOCKOUTS, f"k{n}", expires_in_seconds=60) for n in range(30)))
    assert answers == [1] * 30


async def test_a_closed_store_is_down(store):
    await store.ping()
    await store.close()
    await store.close()
    with pytest.raises(StoreDown):
        await store.get(AGENTS, "a")


class RedisTrouble:
    """The ways a real redis-server breaks."""

    def __init__(self, folder: Path) -> None:
        self.server = RedisServer(folder, FAULT_PORT)
        self.server.start()
        self.url = f"redis://127.0.0.1:{FAULT_PORT}"

    def die(self) -> None:
        self.server.kill()

    def slow(self) -> None:
        self.server.say("CLIENT PAUSE 60000 ALL")

    def fast_again(self) -> None:
        self.restart_empty()

    def restart_empty(self) -> None:
        self.server.kill()
        self.server.start()

    def close(self) -> None:
        self.server.kill()


class SqliteTrouble:
    """The ways a file breaks: garbage in its place, locked by somebody else, removed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.db"
        self.url = f"sqlite:///{self.path}"
        self._locker: sqlite3.Connection | None = None

    def die(self) -> None:
        self._remove()
        self.path.write_bytes(b"this is no database " * 500)

    def slow(self) -> None:
        self._locker = sqlite3.connect(self.path, isolation_level=None)
        self._locker.execute("BEGIN EXCLUSIVE")

    def fast_again(self) -> None:
        self.close()

    def restart_empty(self) -> None:
        self._remove()

    def _remove(self) -> None:
        for file in self.path.parent.glob("store.db*"):
            file.unlink()

    def close(self) -> None:
        if self._locker is not None:
            self._locker.close()
            self._locker = None


@pytest.fixture(params=[SqliteTrouble, RedisTrouble], ids=["sqlite", "redis"])
def trouble(request, tmp_path):
    maker = request.param(tmp_path)
    yield maker
    maker.close()


@pytest_asyncio.fixture
async def shaky(trouble) -> AsyncIterator[Store]:
    opened = open_store(trouble.url, deadline_seconds=PATIENCE)
    await eventually(lambda: _works(opened))
    yield opened
    await opened.close()


async def _works(store: Store) -> bool:
    try:
        await store.put(AGENTS, "probe", 1)
    except StoreDown:
        return False
    return await store.get(AGENTS, "probe") == 1


async def assert_down_without_costing_time(store: Store) -> None:
    """Each call ends within its deadline, and once the breaker is open calls cost next to nothing."""
    for _ in range(2):
        started = time.monotonic()
        with pytest.raises(StoreDown):
            await store.put(AGENTS, "a", 1)
        assert time.monotonic() - started < 3
    started = time.monotonic()
    for _ in range(50):
        with pytest.raises(StoreDown):
            await store.get(AGENTS, "a")
    assert time.monotonic() - started < 3, "fifty calls to a dead store took as long as fifty time-outs"


async def test_dead_then_back(trouble, shaky):
    await shaky.put(SESSIONS, "c1", "here")
    trouble.die()
    await assert_down_without_costing_time(shaky)
    trouble.restart_empty()
    await eventually(lambda: _works(shaky))
    assert await shaky.get(SESSIONS, "c1") is None, "lost writes read as nothing there"
    assert await shaky.put_generation(SESSIONS, "c1", 1, "new life")
    assert await shaky.increment(LOCKOUTS, "n", expires_in_seconds=60) == 1


async def test_slow_then_back(trouble, shaky):
    trouble.slow()
    await assert_down_without_costing_time(shaky)
    trouble.fast_again()
    await eventually(lambda: _works(shaky))


async def test_a_frozen_server_is_down_and_comes_back_with_its_state(tmp_path):
    """Half open: the connections stand, nobody answers, and nothing is lost."""
    server = RedisServer(tmp_path, FAULT_PORT)
    server.start()
    store = open_store(f"redis://127.0.0.1:{FAULT_PORT}", deadline_seconds=PATIENCE)
    try:
        await store.put_generation(SESSIONS, "c1", 3, "here")
        server.freeze()
        await assert_down_without_costing_time(store)
        server.thaw()
        await eventually(lambda: _works(store))
        assert await store.get_generation(SESSIONS, "c1") == (3, "here")
    finally:
        await store.close()
        server.kill()


async def test_emptied_in_between_is_just_empty(trouble, shaky):
    await shaky.put_generation(SESSIONS, "c1", 7, "x")
    await shaky.increment(LOCKOUTS, "n", expires_in_seconds=60)
    trouble.restart_empty()
    await eventually(lambda: _works(shaky))
    assert await shaky.get(SESSIONS, "c1") is None
    assert await shaky.increment(LOCKOUTS, "n", expires_in_seconds=60) == 1


async def test_dead_from_the_start(tmp_path):
    with socket.create_server(("127.0.0.1", 18102)) as silent:  # accepts in the kernel, never answers
        store = open_store(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        await assert_down_without_costing_time(store)
        started = time.monotonic()
        await store.close()
        assert time.monotonic() - started < 2


async def test_a_store_address_without_access_is_down_not_a_crash(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = open_store(f"sqlite:///{tmp_path}/file/store.db")
    with pytest.raises(StoreDown):
        await store.put(AGENTS, "a", 1)
    await store.close()


async def test_the_file_is_readable_by_its_owner_alone(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    await store.put(SESSIONS, "c1", 1)
    assert {file.stat().st_mode & 0o077 for file in tmp_path.glob("store.db*")} == {0}
    await store.close()


async def test_state_survives_reopening(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    first = open_store(url)
    await first.put_generation(SESSIONS, "c1", 4, "x")
    await first.close()
    second = open_store(url)
    assert await second.get_generation(SESSIONS, "c1") == (4, "x")
    await second.close()


async def test_two_processes_worth_of_stores_share_one_file(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    one, two = open_store(url, deadline_seconds=5), open_store(url, deadline_seconds=5)
    stores = [one, two] * 20
    counts = await asyncio.gather(*(s.increment(LOCKOUTS, "n", expires_in_seconds=60) for s in stores))
    assert sorted(counts) == list(range(1, 41))
    await asyncio.gather(one.close(), two.close())


async def test_an_answer_that_comes_late_is_never_given_to_the_next_question(tmp_path):
    """A paused server answers old questions later; a reused connection would hand them to new ones."""
    server = RedisServer(tmp_path, FAULT_PORT)
    server.start()
    store = open_store(f"redis://127.0.0.1:{FAULT_PORT}", deadline_seconds=PATIENCE)
    try:
        await asyncio.gather(*(store.put(AGENTS, f"a{n}", n) for n in range(8)))
        server.say("CLIENT PAUSE 2000 ALL")
        results = await asyncio.gather(*(store.get(AGENTS, f"a{n}") for n in range(8)), return_exceptions=True)
        assert all(isinstance(result, StoreDown) for result in results)
        await eventually(lambda: _works(store))
        assert await asyncio.gather(*(store.get(AGENTS, f"a{n}") for n in range(8))) == list(range(8))
    finally:
        await store.close()
        server.kill()


async def test_read_only_after_a_fail_over_drops_every_connection(tmp_path):
    server = RedisServer(tmp_path, FAULT_PORT)
    server.start()
    store = open_store(f"redis://127.0.0.1:{FAULT_PORT}", deadline_seconds=PATIENCE)
    try:
        await asyncio.gather(*(store.put(AGENTS, f"a{n}", n) for n in range(8)))
        before = {line.split()[0] for line in server.say("CLIENT LIST").splitlines() if line.startswith(b"id=")}
        server.say("REPLICAOF 127.0.0.1 1")
        with pytest.raises(StoreDown, match=r"[Rr]ead.?[Oo]nly|READONLY|replica"):
            await store.put(AGENTS, "a", 1)
        server.say("REPLICAOF NO ONE")
        await eventually(lambda: _works(store))
        await eventually(lambda: _no_client_of(server, before))
    finally:
        await store.close()
        server.kill()


async def _no_client_of(server: RedisServer, before: set[bytes]) -> bool:
    now = {line.split()[0] for line in server.say("CLIENT LIST").splitlines() if line.startswith(b"id=")}
    return not (before & now)


async def test_password_by_address_and_never_in_messages(tmp_path):
    server = RedisServer(tmp_path, FAULT_PORT, "--requirepass", "geheim77")
    server.start()
    try:
        good = open_store(f"redis://:geheim77@127.0.0.1:{FAULT_PORT}/3")
        await eventually(lambda: _works(good))
        bad = open_store(f"redis://:wrong88@127.0.0.1:{FAULT_PORT}")
        with pytest.raises(StoreDown) as caught:
            await bad.put(AGENTS, "a", 1)
        assert "wrong88" not in str(caught.value)
        await asyncio.gather(good.close(), bad.close())
    finally:
        server.kill()


async def test_sentinel_finds_the_master(tmp_path):
    server = RedisServer(tmp_path, FAULT_PORT)
    server.start()
    config = tmp_path / "sentinel.conf"
    config.write_text(f"port 18103\nbind 127.0.0.1\nsentinel monitor hot 127.0.0.1 {FAULT_PORT} 1\n")
    sentinel = RedisServer(tmp_path, 18103)
    sentinel.start_sentinel(config)
    try:
        store = open_store("redis+sentinel://127.0.0.1:18103/hot/2")
        await eventually(lambda: _works(store))
        assert b"db2" in server.say("INFO keyspace")
        await store.close()
    finally:
        sentinel.kill()
        server.kill()


@pytest.mark.parametrize(
    "url",
    ["", "postgres://x", "sqlite:", "sqlite:///", "redis://", "redis://h:port", "redis+sentinel://h:1", "memory:x"],
)
async def test_a_bad_address_is_told_with_its_cure(url):
    with pytest.raises(StoreAddressError, match="write memory:"):
        open_store(url)


async def test_a_bad_address_does_not_show_its_password():
    with pytest.raises(StoreAddressError) as caught:
        open_store("redis://:hush99@host:notaport/0")
    assert "hush99" not in str(caught.value)
