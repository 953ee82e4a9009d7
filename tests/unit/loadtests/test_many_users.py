"""Simulated stores: how large, whose rows, whom reads ask about, and what is made of the rounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import pytest
from toy_home import USERS, make_home

from loadtests.bench.summary import Figure
from loadtests.many_users import space
from loadtests.many_users.cached import cached_bytes
from loadtests.many_users.figures import call_row, growth, read_rows, store_row
from loadtests.many_users.measure import Calls, Subject, segmenter_features, steps
from loadtests.many_users.names import draw, user_name
from loadtests.many_users.plan import READS, SIZES, Plan, make_plan, parse_sizes
from loadtests.many_users.population import Table, read_tables
from loadtests.many_users.report import users_document, users_markdown, write_users
from loadtests.many_users.run import Outcome, measure_users
from loadtests.many_users.stores import Source, Store, write_tables
from loadtests.reads.loop import timed
from strata.errors import InputInvalid
from strata.features.user_row import HEADER, MOVED
from strata.settings import Settings
from strata.state import open_state

PLAN = Plan((10, 1_000), rounds=2, read_s=0.1, call_s=0.1)
TABLE = Table("toy", [b"x" * 3_000, None, b"y" * 100], 7, b"note")


def test_a_run_has_the_sizes_asked_for() -> None:
    """All by default, up to 100,000 when quick, Redis up to 1,000,000."""
    assert make_plan("", quick=False).sizes == SIZES
    assert make_plan("", quick=False).sizes_of("lmdb")[-1] == 10_000_000
    assert make_plan("", quick=False).sizes_of("redis") == SIZES[:-1]
    assert make_plan("", quick=True).sizes == SIZES[:3]
    assert make_plan("50,20", quick=True).sizes == (20, 50)


@pytest.mark.parametrize("words", ["0", "1000,", "many", "-5", "100000001"])
def test_sizes_that_are_none_are_a_sentence(words: str) -> None:
    with pytest.raises(InputInvalid, match="should be numbers from 1 to 100,000,000 with commas"):
        parse_sizes(words)


def test_names_are_in_byte_order() -> None:
    """So that a store is written in order of its keys, the quick way."""
    names = [user_name(number).encode() for number in (0, 9, 10, 99_999, 9_999_999, 99_999_999)]
    assert all(before < after for before, after in pairwise(names))


def test_uniform_draws_take_every_user_alike() -> None:
    """Of 10 users each has about a tenth; nobody outside is drawn; the seed decides."""
    drawn = draw("uniform", 10, 10_000, np.random.default_rng(1))
    shares = {name: drawn.count(name) / len(drawn) for name in set(drawn)}
    assert sorted(shares) == [user_name(number) for number in range(10)]
    assert all(abs(share - 0.1) < 0.02 for share in shares.values())
    assert drawn == draw("uniform", 10, 10_000, np.random.default_rng(1))


def test_zipf_draws_take_the_popular_ones_in_proportion_to_one_over_their_rank() -> None:
    """Of a million the first is drawn log 2 / log 1,000,000 of the time; neighbours in rank are far apart."""
    drawn = draw("zipf", 1_000_000, 100_000, np.random.default_rng(1))
    counts = sorted((drawn.count(name) for name in set(drawn[:200])), reverse=True)
    assert abs(counts[0] / len(drawn) - 0.0502) < 0.005
    assert abs(counts[1] / counts[0] - 0.585) < 0.06  # log(3/2) / log 2
    numbers = sorted({int(name.partition("-")[2]) for name in drawn})
    assert len(numbers) > 20_000
    assert 0 <= numbers[0] < 10_000
    assert 990_000 < numbers[-1] < 1_000_000


def test_simulated_rows_are_the_real_ones_in_turn() -> None:
    """Users without a row of a table have none; nothing but the name changes."""
    assert list(TABLE.simulated(5)) == [
        (user_name(0), b"x" * 3_000),
        (user_name(2), b"y" * 100),
        (user_name(3), b"x" * 3_000),
    ]


def test_the_rows_written_are_read_back_as_the_real_users_are(tmp_path: Path) -> None:
    """Under every simulated name the very bytes of a real user, with the table's watermark and note."""
    settings = make_home(tmp_path / "home")
    tables = read_tables(settings, [*USERS, "nobody"])
    told: list[int] = []
    with open_state(tmp_path / "state") as state:
        assert write_tables(state, tables, 12_000, told.append) == 12_000
        with open_state(settings.state, readonly=True) as real:
            assert state.read("toy", [user_name(number) for number in range(3)]) == real.read("toy", list(USERS))
            assert state.read("toy", [user_name(11_999), user_name(12_000)]) == [*real.read("toy", ["cat"]), None]
            assert state.watermark_us("toy") == real.watermark_us("toy")
    assert told == [5_000, 5_000, 2_000]
    assert Source(settings, tables).rows(12_000) == 12_000


def test_a_user_who_became_another_is_left_out(tmp_path: Path) -> None:
    """A tombstone names a user that no simulated store has."""
    settings = make_home(tmp_path / "home")
    with open_state(settings.state) as state:
        state.put("toy", [("ann", HEADER.pack(MOVED, *[0] * 10))])
        bob = state.read("toy", ["bob"])
    [table] = read_tables(settings, ["ann", "bob", "nobody"])
    assert table.rows == bob
    with pytest.raises(InputInvalid, match="no user has a row in"):
        read_tables(settings, ["ann", "nobody"])


def test_a_table_that_was_never_built_is_a_sentence(tmp_path: Path) -> None:
    """Rows without a watermark would be read as of no time."""
    settings = make_home(tmp_path / "home").model_copy(update={"home": tmp_path / "other"})
    (tmp_path / "other").mkdir()
    settings.registry.write_bytes((tmp_path / "home" / "registry.db").read_bytes())
    with open_state(settings.state) as state:
        state.put("toy", [("ann", b"row")])
    with pytest.raises(InputInvalid, match="table toy was never built as a whole"):
        read_tables(settings, ["ann"])


def test_the_estimate_is_near_what_lmdb_takes(tmp_path: Path) -> None:
    """Large rows take whole pages; small ones share theirs. Within a tenth, and never far below."""
    with open_state(tmp_path / "state") as state:
        write_tables(state, [TABLE], 30_000, lambda _: None)
    taken = (tmp_path / "state" / "data.mdb").stat().st_size
    assert 0.95 < space.lmdb_bytes([TABLE], 30_000) / taken < 1.1


def test_what_does_not_fit_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much is needed, how much there is, how much is missing, and what to try."""
    monkeypatch.setattr("loadtests.many_users.space.shutil.disk_usage", lambda _: _Usage(3_000_000_000))
    with pytest.raises(InputInvalid, match=r"take about 5\.0 GB and .* has 3\.0 GB free: .* so 3\.1 GB are missing"):
        space.require_disk(5_000_000_000, tmp_path)
    space.require_disk(1_000_000_000, tmp_path)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: _Memory(2_000_000_000))
    with pytest.raises(InputInvalid, match=r"take about 4\.0 GB in Redis and 2\.0 GB of memory are available"):
        space.require_memory(4_000_000_000)
    settings = make_home(tmp_path / "home")
    monkeypatch.setattr("loadtests.many_users.space.shutil.disk_usage", lambda _: _Usage(1_000))
    with pytest.raises(InputInvalid, match="are missing"):
        measure_users(settings, list(USERS), PLAN, _Silent(), redis=False)
    assert list((tmp_path / "home" / "bench").iterdir()) == []


class _Usage(NamedTuple):
    free: int


class _Memory(NamedTuple):
    available: int


class _Silent:
    def begin(self, what: str, total: int) -> None:
        """Nothing."""

    def advance(self, steps: int, what: str = "") -> None:
        """Nothing."""


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C while rows are written: the store goes, also from a folder of the caller's."""
    settings = make_home(tmp_path / "home")

    class Interrupted(_Silent):
        def advance(self, steps: int, what: str = "") -> None:
            assert list((tmp_path / "stores").glob("strata-users-*/lmdb-10/state/data.mdb"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_users(settings, list(USERS), PLAN, Interrupted(), redis=False, folder=tmp_path / "stores")
    assert list((tmp_path / "stores").iterdir()) == []


def test_the_page_cache_holds_what_was_just_written(tmp_path: Path) -> None:
    """All of it; nothing of an empty file."""
    (tmp_path / "file").write_bytes(b"x" * 10_000)
    (tmp_path / "empty").touch()
    assert (cached_bytes(tmp_path / "file"), cached_bytes(tmp_path / "empty")) == (10_000, 0)


async def test_a_timed_read_ends_with_its_users() -> None:
    """No user is read twice to fill the time; percentiles are of single reads."""
    asked: list[list[str]] = []

    async def read(users: Any) -> None:
        asked.append(users)

    def turn() -> Iterator[str]:
        yield from "abcde"

    found = await timed(read, turn(), 2, 60.0)
    assert asked == [["a", "b"], ["c", "d"], ["e"]]
    assert found["reads"] == 3
    assert 0 < found["p50_us"] <= found["p99_us"] <= found["wall_s"] * 1e6
    assert found["major_faults"] >= 0


def _subject(tmp_path: Path, users: int, slower: float) -> Subject:
    store = Store("lmdb", users, Settings(home=tmp_path / str(users)), "", (), rows=2 * users, written_s=1.0)
    store.settings.state.mkdir(parents=True)
    (store.settings.state / "data.mdb").write_bytes(b"x" * users * 5)
    subject = Subject(store, None, None, live_share=1.0, cached_before=5, cached_after=10)  # type: ignore[arg-type]
    for kind in READS:
        subject.reads[kind] = [
            {
                "reads": 10, "wall_s": pace * slower * kind.users, "cpu_s": 0.5 * slower * kind.users, "p50_us": 3.0,
                "p99_us": 9.0, "major_faults": 5.0 * kind.users,
            }
            for pace in (1.0, 2.0)
        ]  # fmt: skip
    subject.calls = [Calls([0.001 * slower, 0.002 * slower, 0.004 * slower], 1, 0.003 * slower) for _ in range(2)]
    return subject


def test_figures_are_per_user_and_growth_is_taken_round_by_round(tmp_path: Path) -> None:
    """A machine that slows down in one round slows both sizes of that round."""
    small, large = _subject(tmp_path, 10, 1.0), _subject(tmp_path, 1_000, 3.0)
    batch = read_rows([small, large])[1]
    assert (batch.users, batch.pattern, batch.users_per_read) == (1_000, "uniform", 500)
    assert batch.wall_us_per_user == Figure(450_000.0, 300_000.0, 600_000.0)
    assert batch.cpu_us_per_user == Figure(150_000.0, 150_000.0, 150_000.0)
    assert (batch.p50_us.median, batch.p99_us.median, batch.major_faults_per_user.median) == (3.0, 9.0, 0.5)
    called = call_row(large)
    assert (called.calls, called.failed, called.p50_ms.median, called.p99_ms.median) == (6, 2, 6.0, 12.0)
    assert called.server_cpu_us.median == 3_000.0
    assert store_row(large).bytes_per_user == 5.0
    assert {one.value for one in growth([large, small])} == {Figure(3.0, 3.0, 3.0)}
    assert growth([small, large])[1].name.endswith(": uniform reads of 500, CPU per user")
    assert growth([small, large])[0].name == "lmdb, 1,000 users / 10 users: uniform reads of 500, wall per user"
    assert len(growth([small, large])) == 2 * len(READS) + 2
    assert growth([small]) == []


def test_a_report_has_a_row_for_everything_and_says_what_is_missing(tmp_path: Path) -> None:
    subjects = [_subject(tmp_path, 10, 1.0), _subject(tmp_path, 1_000, 3.0)]
    rows = [store_row(one) for one in subjects], read_rows(subjects), [call_row(one) for one in subjects]
    outcome = Outcome(*rows, growth(subjects), ["Redis: there is no redis-server"])
    words = users_markdown(outcome, PLAN, "strata bench users --quick")
    assert "| lmdb | 1,000 | 2,000 | 0 | 5 | 1.0 | 0%, 0% | 100% |" in words
    assert "| lmdb | 1,000 | zipf | 1 | 450,000.0 (300,000.0 to 600,000.0) |" in words
    assert "| lmdb | 10 | 6 | 2 (2 to 2) | 4 (4 to 4) | 1,000 (1,000 to 1,000) | 2 |" in words
    assert "| lmdb, 1,000 users / 10 users: GetSegments, p50 | 3.00 (3.00 to 3.00) |" in words
    assert words.endswith("NOT MEASURED: Redis: there is no redis-server\n")
    write_users(tmp_path / "deep" / "found.json", users_document(outcome, PLAN, "strata bench users --quick"))
    found = json.loads((tmp_path / "deep" / "found.json").read_text())
    assert [len(found[key]) for key in ("stores", "reads", "calls", "ratios")] == [2, 8, 2, 10]
    assert found["plan"]["sizes"] == [10, 1_000]


def test_the_features_read_are_those_of_every_segmenter(tmp_path: Path) -> None:
    assert segmenter_features(make_home(tmp_path / "home")) == ["toy:orders", "toy:spend", "toy:coupons"]
    assert steps(PLAN, 2) == 2 * (1 + 3 * 5)
