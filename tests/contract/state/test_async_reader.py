"""The asynchronous reader: callers that give up, a Redis that is away, and loops of both kinds."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest
from awaited_state import AwaitedState
from fake_state import FakeState
from redis_process import RedisProcess

from strata.errors import StoreDamaged, StoreUnavailable
from strata.state import AsyncStateReader, State, open_state
from strata.state.redis_async import AsyncRedisReader

TABLE = "events_history@3600"
ODD = "100%d@1"
"""A table whose name means something to who formats it."""
USERS = [f"u{number:03d}" for number in range(300)]


@asynccontextmanager
async def reading(server: RedisProcess, timeout_s: float = 5.0) -> AsyncIterator[AsyncRedisReader]:
    """A started reader."""
    reader = AsyncRedisReader(f"{server.url}?timeout_s={timeout_s}")
    reader.start()
    try:
        yield reader
    finally:
        await reader.close()


def row_of(user: str) -> bytes:
    """A row that says whose it is."""
    return user.encode() * random.Random(user).randint(1, 500)


def build(server: RedisProcess, row: bytes = b"") -> None:
    """Everybody's row."""
    with open_state(server.url) as state:
        build_in(state, row)


def build_in(state: State, row: bytes = b"") -> None:
    """The same in any state."""
    with state.begin_generation(TABLE) as generation:
        generation.put((user, row or row_of(user)) for user in USERS)
        generation.commit(7, b"note")
    with state.begin_generation(ODD) as generation:
        generation.put([("u001", b"another row")])
        generation.commit(1, b"")


def connections(server: RedisProcess) -> list[str]:
    """Who is connected, but for who asks."""
    listed = server.ask("CLIENT", "LIST", "TYPE", "normal")
    assert isinstance(listed, bytes)
    return [line.split()[0] for line in listed.decode().splitlines() if "cmd=client" not in line]


async def is_served(reader: AsyncRedisReader, within_s: float = 10.0) -> None:
    """Ask until it answers."""
    ends_s = time.monotonic() + within_s
    while True:
        try:
            assert await reader.read_views([TABLE], ["u001"]) == [[row_of("u001")]]
            return
        except StoreUnavailable:
            assert time.monotonic() < ends_s
            await asyncio.sleep(0.01)


@asynccontextmanager
async def both_readers(request: pytest.FixtureRequest, kind: str) -> AsyncIterator[tuple[AsyncStateReader, State]]:
    """An asynchronous reader, and a blocking one of the same state: of the double, or of Redis."""
    if kind == "fake":
        state = FakeState()
        build_in(state)
        yield AwaitedState(state), state
        return
    server = request.getfixturevalue("emptied_redis")
    build(server)
    async with reading(server) as reader:
        with open_state(server.url, readonly=True) as blocking:
            yield reader, blocking


@pytest.mark.parametrize("kind", ["fake", "redis"])
async def test_it_reads_what_the_blocking_reader_reads(request: pytest.FixtureRequest, kind: str) -> None:
    """Rows, strangers, unbuilt tables, impossible ids, notes, watermarks and versions."""
    users = ["u001", "nobody", "u299", "\ud800", "", "%d}{%b", "\r\n", "ü" * 100, "u001"]
    async with both_readers(request, kind) as (reader, blocking):
        for tables in ([TABLE], ["none", TABLE, TABLE], ["none"], [], [TABLE, ODD]):
            assert await reader.read_views(tables, users) == blocking.read_views(tables, users)
            assert await reader.read_views(tables, []) == [[] for _ in tables]
            for user in users:
                assert await reader.read_user(tables, user) == blocking.read_user(tables, user)
        assert (await reader.read_views([TABLE], users))[0][:2] == [row_of("u001"), None]
        assert (await reader.watermark_us(TABLE), await reader.watermark_us("none")) == (7, None)
        assert (await reader.note(TABLE), await reader.note("none")) == (b"note", None)
        assert await reader.version() == blocking.version()


@pytest.mark.parametrize("kind", ["fake", "redis"])
async def test_a_call_that_is_given_up_is_nobody_elses(request: pytest.FixtureRequest, kind: str) -> None:
    """Whichever it is, and whoever asks beside it."""
    async with both_readers(request, kind) as (reader, _):
        calls = [asyncio.ensure_future(reader.read_user([TABLE], user)) for user in USERS[:20]]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert found[1::2] == [[row_of(user)] for user in USERS[1:20:2]]


async def test_callers_that_give_up_never_shift_the_answers_of_others(emptied_redis: RedisProcess) -> None:
    """A storm: 3,000 calls, a third of them cancelled at any moment; every other one gets its own user's row.

    All over one connection, which nobody's giving up breaks.
    """
    build(emptied_redis)
    chance = random.Random(3)
    async with reading(emptied_redis) as reader:
        await is_served(reader)
        before = connections(emptied_redis)

        async def call(user: str, patience_s: float | None) -> bool:
            alone = chance.random() < 0.5
            reads = reader.read_user([TABLE], user) if alone else reader.read_views([TABLE], [user])
            task = asyncio.ensure_future(reads)
            if patience_s is not None:
                await asyncio.sleep(patience_s)
                task.cancel()
            try:
                assert await task == ([row_of(user)] if alone else [[row_of(user)]])
            except asyncio.CancelledError:
                return False
            return True

        async def caller() -> list[bool]:
            patience = [None, None, chance.choice((0.0, 0.0, 0.0001, 0.0005))]
            return [await call(chance.choice(USERS), chance.choice(patience)) for _ in range(60)]

        answered = [each for found in await asyncio.gather(*(caller() for _ in range(50))) for each in found]
        assert len(answered) == 3_000
        assert 300 < answered.count(False) < 1_500
        assert connections(emptied_redis) == before


async def test_a_broken_connection_is_replaced_before_anyone_notices(emptied_redis: RedisProcess) -> None:
    """Idle, or under way: a read is asked again on the next connection."""
    build(emptied_redis)
    async with reading(emptied_redis) as reader:
        for _ in range(5):
            await is_served(reader)
            emptied_redis.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            found = await asyncio.gather(*(reader.read_views([TABLE], [user]) for user in USERS[:20]))
            assert found == [[[row_of(user)]] for user in USERS[:20]]
            emptied_redis.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            alone = await asyncio.gather(*(reader.read_user([TABLE], user) for user in USERS[:20]))
            assert alone == [[row_of(user)] for user in USERS[:20]]


async def test_a_killed_redis_is_unavailable_at_once_and_served_again_when_it_is_back(own_redis: RedisProcess) -> None:
    """No call waits for a server that is not there, and none needs the reader to be opened again."""
    build(own_redis)
    async with reading(own_redis) as reader:
        await is_served(reader)
        own_redis.kill()
        for _ in range(20):
            with pytest.raises(StoreUnavailable, match="cannot be reached"):
                await within(1.0, reader.read_views([TABLE], ["u001"]))
        own_redis.start()
        await is_served(reader)


async def test_a_paused_redis_fails_calls_in_time_then_at_once(own_redis: RedisProcess) -> None:
    """Those under way after the timeout, the next ones without waiting; then it is used again."""
    build(own_redis)
    async with reading(own_redis, timeout_s=0.2) as reader:
        await is_served(reader)
        own_redis.pause()
        try:
            calls = [within(2.0, reader.read_views([TABLE], ["u001"])) for _ in range(50)]
            found = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(each) for each in found} == {StoreUnavailable}
            with pytest.raises(StoreUnavailable, match=r"did not answer in 0\.2 s"):
                await within(0.1, reader.read_views([TABLE], ["u001"]))
        finally:
            own_redis.resume()
        await is_served(reader)


async def test_an_emptied_redis_is_damage_never_unknown_users(own_redis: RedisProcess) -> None:
    """And a rebuild is taken up without a restart."""
    build(own_redis)
    async with reading(own_redis) as reader:
        await is_served(reader)
        own_redis.restart_empty()
        deadline_s = time.monotonic() + 10.0
        while True:
            with pytest.raises(StoreUnavailable) as caught:
                await reader.read_user([TABLE], "u001")
            if isinstance(caught.value, StoreDamaged):
                break
            assert time.monotonic() < deadline_s
            await asyncio.sleep(0.01)
        assert "strata features materialize" in str(caught.value)
        build(own_redis)
        await is_served(reader)


async def test_a_redis_without_a_state_is_unavailable(own_redis: RedisProcess) -> None:
    """A gateway that starts before the first build is told which command makes the state, and finds it then."""
    async with reading(own_redis) as reader:
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="strata features materialize"):
                await reader.read_views([TABLE], ["u001"])
        build(own_redis)
        await is_served(reader)


async def test_a_reader_may_start_before_its_redis(own_redis: RedisProcess) -> None:
    """It says that nobody is there, and finds it later."""
    build(own_redis)
    own_redis.kill()
    async with reading(own_redis) as reader:
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await within(1.0, reader.version())
        own_redis.start()
        await is_served(reader)
    with pytest.raises(StoreUnavailable, match="closed"):
        await within(1.0, reader.version())


async def test_two_readers_during_fifty_flips_see_whole_generations_only(emptied_redis: RedisProcess) -> None:
    """Every row of a read is of one generation, and time never goes back. Old keys vanish meanwhile."""
    build(emptied_redis, b"0")
    done = asyncio.Event()

    def flip() -> None:
        with open_state(emptied_redis.url) as state:
            for number in range(1, 51):
                with state.begin_generation(TABLE) as generation:
                    generation.put((user, b"%d" % number) for user in USERS)
                    generation.commit(number)

    async def watch(reader: AsyncRedisReader) -> set[int]:
        seen = [0]
        while not done.is_set() or seen[-1] != 50:
            [rows] = await reader.read_views([TABLE], USERS)
            [alone] = await reader.read_user([TABLE], "u001")
            assert len(set(rows)) == 1
            assert rows[0] is not None
            assert alone is not None
            assert int(alone) >= int(rows[0]) >= seen[-1]
            seen.append(int(alone))
        return set(seen)

    async with reading(emptied_redis) as first, reading(emptied_redis) as second:
        watches = [asyncio.ensure_future(watch(reader)) for reader in (first, second)]
        await asyncio.to_thread(flip)
        done.set()
        seen = await asyncio.gather(*watches)
    assert all(len(each) > 2 for each in seen)


async def within(limit_s: float, call: Awaitable[object]) -> object:
    """Its answer, if it comes in time."""
    async with asyncio.timeout(limit_s):
        return await call
