"""What Redis adds to the contract: a server that is killed, paused, emptied, full or somebody else's."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from redis_process import RedisProcess

from strata.errors import PositionsDiffer, SettingsInvalid, StoreDamaged, StoreUnavailable
from strata.state import State, open_state
from strata.state.ports import Rows
from strata.state.redis_address import parse_address
from strata.state.redis_state import open_redis

TABLE = "events_history@3600"


def append_x(rows: Rows) -> Rows:
    """Every row, one byte longer."""
    return [(row or b"") + b"x" for row in rows]


def build(state: State, table: str = TABLE, row: bytes = b"1") -> None:
    """A table with one user."""
    with state.begin_generation(table) as generation:
        generation.put([("a", row)])
        generation.commit(1, b"note")


def wait_until(seen: object, wanted: object) -> None:
    """Ask until it is so."""
    ends_s = time.monotonic() + 10.0
    while callable(seen) and seen() != wanted:
        assert time.monotonic() < ends_s, f"{seen()} is not {wanted}"
        time.sleep(0.01)


def test_what_was_synced_is_there_after_kill_9_and_the_same_handle_goes_on(own_redis: RedisProcess) -> None:
    """A restart costs the calls that meet it, and no reopening."""
    with open_state(own_redis.url) as state, open_state(own_redis.url) as reader:
        build(state)
        state.transform(TABLE, ["a"], append_x, positions={0: 1})
        own_redis.kill()
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            reader.read(TABLE, ["a"])
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            state.transform(TABLE, ["a"], append_x, positions={0: 2}, expected={0: 1})
        own_redis.start()
        assert reader.read(TABLE, ["a"]) == [b"1x"]
        assert state.transform(TABLE, ["a"], append_x, positions={0: 2}, expected={0: 1}) == 1
        assert (reader.read(TABLE, ["a"]), reader.positions(TABLE)) == ([b"1xx"], {0: 2})


def test_a_connection_that_broke_while_idle_is_no_trouble(own_redis: RedisProcess) -> None:
    """A read and the beginning of a write go over a new one."""
    with open_state(own_redis.url) as state:
        build(state)
        own_redis.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert state.read(TABLE, ["a"]) == [b"1"]
        own_redis.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert state.transform(TABLE, ["a"], append_x) == 1


def test_a_store_that_lost_its_newest_writes_refuses_the_next_batch(own_redis: RedisProcess) -> None:
    """After a restart from an older file, the worker is told where the rows are, and goes on from there."""
    with open_state(own_redis.url) as state:
        build(state)
        state.transform(TABLE, ["a"], append_x, positions={0: 1})
        kept = {file: file.read_bytes() for file in (own_redis.folder / "appendonlydir").iterdir()}
        state.transform(TABLE, ["a", "b"], append_x, positions={0: 2})
        own_redis.kill()
        for file, content in kept.items():
            file.write_bytes(content)
        own_redis.start()
        with pytest.raises(PositionsDiffer) as caught:
            state.transform(TABLE, ["b"], append_x, positions={0: 3}, expected={0: 2})
        assert caught.value.stored == {0: 1} == state.positions(TABLE)
        assert state.read(TABLE, ["a", "b"]) == [b"1x", None]


def test_a_torn_transaction_is_lost_whole(own_redis: RedisProcess) -> None:
    """Rows and positions of one batch come back both or neither, wherever the file was cut."""
    with open_state(own_redis.url) as state:
        build(state)
        state.transform(TABLE, ["a"], append_x, positions={0: 1})
        state.transform(TABLE, [f"u{n}" for n in range(50)], append_x, positions={0: 2})
        own_redis.kill()
        file = newest_file(own_redis)
        whole = file.read_bytes()
        for cut in range(1, 1_600, 311):
            file.write_bytes(whole[:-cut])
            own_redis.start()
            assert state.positions(TABLE) == {0: 1}
            assert state.read(TABLE, ["a", "u0", "u49"]) == [b"1x", None, None]
            own_redis.kill()


def test_a_redis_that_was_emptied_is_damage_never_unknown_users(own_redis: RedisProcess) -> None:
    """Whoever knew it before says so, and so does whoever comes to read; a rebuild mends it without a restart."""
    with open_state(own_redis.url) as first:
        build(first)
    with open_state(own_redis.url) as state, open_state(own_redis.url, readonly=True) as reader:
        assert reader.read(TABLE, ["a", "b"]) == [b"1", None]
        own_redis.restart_empty()
        for _ in range(2):
            with pytest.raises(StoreDamaged, match="strata features materialize"):
                reader.read(TABLE, ["a"])
            with pytest.raises(StoreDamaged, match="strata features materialize"):
                reader.watermark_us(TABLE)
            with pytest.raises(StoreDamaged, match="strata features materialize"):
                state.transform(TABLE, ["a"], append_x)
            with pytest.raises(StoreDamaged, match="strata features materialize"):
                state.put(TABLE, [("a", b"1")])
        with pytest.raises(StoreUnavailable, match="strata features materialize"):
            open_state(own_redis.url, readonly=True)
        with open_state(own_redis.url) as rebuilder:
            build(rebuilder, "profile")
            with pytest.raises(StoreDamaged):
                reader.read(TABLE, ["a"])
            build(rebuilder, row=b"2")
        assert reader.read(TABLE, ["a", "b"]) == [b"2", None]
        assert state.transform(TABLE, ["a"], append_x) == 1


def test_a_paused_redis_is_unavailable_in_time_and_used_again_when_it_goes_on(own_redis: RedisProcess) -> None:
    """Nobody hangs; a late answer is nobody's."""
    with open_state(own_redis.url) as state:
        state.put(TABLE, [("a", b"1"), ("b", b"2")])
    with open_state(f"{own_redis.url}?timeout_s=0.2") as state:
        assert state.read(TABLE, ["a"]) == [b"1"]
        own_redis.pause()
        try:
            for _ in range(2):
                began_s = time.monotonic()
                with pytest.raises(StoreUnavailable, match=r"did not answer in 0\.2 s"):
                    state.read(TABLE, ["a"])
                assert time.monotonic() - began_s < 2.0
        finally:
            own_redis.resume()
        assert state.read(TABLE, ["b"]) == [b"2"]


def test_a_worker_that_lost_its_partition_cannot_write_over_its_successor(own_redis: RedisProcess) -> None:
    """A row that another process changed between reading and writing is read again, and changed from there."""
    with open_state(own_redis.url) as late, open_state(own_redis.url) as successor:
        build(late)
        runs: list[Rows] = []

        def change(rows: Rows) -> Rows:
            runs.append(list(rows))
            if len(runs) == 1:
                successor.transform(TABLE, ["a"], append_x)
            return append_x(rows)

        assert late.transform(TABLE, ["a", "b"], change) == 2
        assert runs == [[b"1", None], [b"1x", None]]
        assert successor.read(TABLE, ["a", "b"]) == [b"1xx", b"x"]


def test_a_batch_meets_a_flip_and_lands_in_the_new_rows(own_redis: RedisProcess) -> None:
    """Never in those that nobody reads any more."""
    with open_state(own_redis.url) as worker, open_state(own_redis.url) as rebuilder:
        build(worker)
        flipped = []

        def change(rows: Rows) -> Rows:
            if not flipped:
                flipped.append(build(rebuilder, row=b"new"))
            return append_x(rows)

        worker.transform(TABLE, ["a"], change)
        assert worker.read(TABLE, ["a"]) == [b"newx"]


def test_old_generations_leave_no_key_behind(own_redis: RedisProcess) -> None:
    """Flipped, aborted and killed rebuilds are swept away; what is current stays."""
    odd = "a[b]*?\\table"
    with open_state(own_redis.url) as state:
        build(state, "profile")
        for number in range(3):
            with state.begin_generation(odd) as generation:
                generation.put((f"u{n}", b"x") for n in range(1_500))
                generation.commit(number)
        with state.begin_generation(odd) as generation:
            generation.put([("gone", b"x")])
        state.begin_generation(odd).put([("killed", b"x")])
    with open_state(own_redis.url) as state:
        state.begin_generation(odd).abort()
    assert own_redis.ask("SMEMBERS", "s:garbage") == []
    assert own_redis.ask("DBSIZE") == 1_500 + 1 + 2 + 1  # rows, a profile, two tables' hashes, the catalog
    with open_state(own_redis.url) as state:
        assert state.read(odd, ["u0", "u1499"]) == [b"x", b"x"]
        assert state.read("profile", ["a"]) == [b"1"]


def test_garbage_of_a_process_that_was_killed_is_swept_by_the_next_writer(own_redis: RedisProcess) -> None:
    """The list of it is in Redis."""
    with open_state(own_redis.url) as state:
        build(state)
    own_redis.ask("SADD", "s:garbage", "0123456789:old")
    own_redis.ask("SET", "s:0123456789:old:{a}", "1")
    with open_state(own_redis.url, readonly=True):
        assert own_redis.ask("SCARD", "s:garbage") == 1
    with open_state(own_redis.url):
        wait_until(lambda: own_redis.ask("SCARD", "s:garbage"), 0)
    assert own_redis.ask("EXISTS", "s:0123456789:old:{a}") == 0


def test_a_redis_that_may_forget_rows_is_refused_to_write(own_redis: RedisProcess) -> None:
    """An evicted row would make its user unknown, without a word."""
    own_redis.ask("CONFIG", "SET", "maxmemory", "100mb")
    own_redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    with pytest.raises(StoreUnavailable, match="maxmemory-policy noeviction"):
        open_state(own_redis.url)
    own_redis.ask("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
    open_state(own_redis.url).close()


def test_a_full_redis_says_so_and_still_reads(own_redis: RedisProcess) -> None:
    """The batch is refused whole."""
    with open_state(own_redis.url) as state:
        state.transform(TABLE, ["a"], append_x, positions={0: 1})
        own_redis.ask("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StoreUnavailable, match="raise maxmemory"):
            state.transform(TABLE, ["a"], append_x, positions={0: 2})
        assert (state.read(TABLE, ["a"]), state.positions(TABLE)) == ([b"x"], {0: 1})


def test_a_password_is_used_and_never_shown(own_redis: RedisProcess) -> None:
    """Neither by errors nor by the address's text."""
    own_redis.ask("ACL", "SETUSER", "strata", "on", ">se cret", "~s:*", "+@all")
    with open_state(f"redis://strata:se%20cret@127.0.0.1:{own_redis.port}/0") as state:
        state.put(TABLE, [("a", b"1")])
    with pytest.raises(StoreUnavailable, match="password in the address is wrong") as caught:
        open_state(f"redis://strata:hidden@127.0.0.1:{own_redis.port}/0")
    assert "hidden" not in str(caught.value)
    assert "secret" not in repr(parse_address("redis://u:secret@h/1")) + str(parse_address("redis://u:secret@h/1"))


def test_databases_are_apart(own_redis: RedisProcess) -> None:
    """Two platforms can share a server."""
    with open_state(own_redis.url) as first, open_redis(own_redis.url.removesuffix("0") + "1") as second:
        first.put(TABLE, [("a", b"1")])
        assert second.read(TABLE, ["a"]) == [None]


def test_a_server_that_is_no_redis_and_keys_that_are_not_ours_are_said(own_redis: RedisProcess) -> None:
    """A sentence, not a stack trace."""
    own_redis.ask("SET", "s:catalog", "not json")
    with pytest.raises(StoreDamaged, match="catalog cannot be read"):
        open_state(own_redis.url)
    own_redis.ask("DEL", "s:catalog")
    own_redis.ask("LPUSH", "s:lease:worker", "x")
    with open_state(own_redis.url) as state, pytest.raises(StoreDamaged, match="not of its kind"):
        state.lease_holder("worker")


@pytest.mark.parametrize(
    "url",
    ["redis://", "redis://h/x", "redis://h:port", "redis://h/0?speed=1", "redis://h/0?timeout_s=0", "rediss://h/0"],
)
def test_an_address_that_is_none_is_refused_with_its_form(url: str) -> None:
    """Before any connection is made."""
    with pytest.raises(SettingsInvalid, match="redis://"):
        open_redis(url)


def test_a_read_only_redis_refuses_to_write(own_redis: RedisProcess) -> None:
    """In words, and before anything happens."""
    with open_state(own_redis.url) as state:
        build(state)
    with open_state(own_redis.url, readonly=True) as state:
        for write in (
            lambda: state.put(TABLE, [("a", b"2")]),
            lambda: state.begin_generation(TABLE),
            lambda: state.open_finished(TABLE),
            lambda: state.hold_lease("worker", 1.0),
        ):
            with pytest.raises(StoreUnavailable, match="reading only"):
                write()
        assert state.read(TABLE, ["a"]) == [b"1"]


def newest_file(server: RedisProcess) -> Path:
    """Where the newest writes are."""
    [file] = (server.folder / "appendonlydir").glob("*.incr.aof")
    return file


def lose_newest(server: RedisProcess, count: int, floor: int) -> None:
    """Cut the last bytes off the file of a server that is not running, as a machine that loses power may."""
    os.truncate(newest_file(server), max(floor, newest_file(server).stat().st_size - count))


def test_ten_kills_under_load_lose_and_repeat_nothing(own_redis: RedisProcess) -> None:
    """A worker that goes on from the positions it is told ends with every record counted once.

    Half of the restarts find the newest writes gone, as after a power cut.
    """
    own_redis.ask("CONFIG", "SET", "appendfsync", "everysec")
    chance = random.Random(11)
    log = [f"u{chance.randrange(40)}" for _ in range(20_000)]
    kills = sorted(chance.sample(range(len(log)), 10))

    def apply(state: State, start: int, stop: int) -> None:
        batch = [(offset, log[offset]) for offset in range(start, stop)]
        users = sorted({user for _, user in batch})

        def change(rows: Rows) -> Rows:
            held = {user: json.loads(row or b"[0, -1]") for user, row in zip(users, rows, strict=True)}
            for offset, user in batch:
                if offset > held[user][1]:
                    held[user] = [held[user][0] + 1, offset]
            return [json.dumps(held[user]).encode() for user in users]

        state.transform(TABLE, users, change, positions={0: stop}, expected={0: start})

    with open_state(own_redis.url) as state:
        build(state)
        state.put_positions(TABLE, {0: 0})
        position, floor = 0, newest_file(own_redis).stat().st_size
        while position < len(log):
            stop = min(position + chance.randint(1, 100), len(log))
            killer = None
            if kills and kills[0] < stop:
                kills.pop(0)
                killer = threading.Timer(0.002 * chance.random(), own_redis.kill)
                killer.start()
            try:
                apply(state, position, stop)
                position = stop
            except PositionsDiffer as differ:
                position = differ.stored[0] or 0
            except StoreUnavailable:
                pass  # whether it was written is open: the next attempt tells
            if killer:
                killer.join()
                lose_newest(own_redis, chance.choice((0, 0, 3_000, 30_000)), floor)
                own_redis.start()
        users = sorted(set(log))
        rows = state.read(TABLE, users)
        counted = {user: json.loads(row or b"[0]")[0] for user, row in zip(users, rows, strict=True)}
        assert counted == Counter(log)
        assert (kills, state.positions(TABLE)) == ([], {0: len(log)})
