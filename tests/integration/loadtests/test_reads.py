"""Our reader of features, on a toy home: from LMDB, and from a Redis the bench filled."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest
from toy_home import NOW, make_home

from loadtests.bench.feature_reads import measure_reads, read_rows, require_same_values
from loadtests.bench.gateways import shared_environ
from loadtests.bench.readers import ReaderOrder, start_readers
from loadtests.bench.redis_state import start_state
from strata.errors import StrataError
from strata.settings import ClockSettings, Settings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server: scripts/install_tools.sh"),
]
USERS = ["ann", "bob", "cat", "nobody"]
FEATURES = ["toy:spend", "toy:coupons"]
OURS = "loadtests.reads.ours"


def _home(folder: Path) -> Settings:
    """Replayed, since the toy's facts are of its own time."""
    settings = make_home(folder / "home")
    return settings.model_copy(update={"clock": ClockSettings(mode=f"replay:{NOW}")})


def test_both_states_read_the_same_values_and_are_timed(tmp_path: Path) -> None:
    """What the platform serves, null where there is no value, and a cost for each number of users a read."""
    settings = _home(tmp_path)
    with ExitStack() as stack:
        url, _ = start_state(settings, USERS, tmp_path, stack)
        shared = shared_environ(settings, settings.home)
        orders = [
            ReaderOrder(name, OURS, shared | {"STRATA_STATE_URL": at}) for name, at in (("lmdb", ""), ("redis", url))
        ]
        readers = start_readers(orders, FEATURES, USERS, tmp_path, stack)
        require_same_values(readers, USERS)
        rows = readers[1].ask({"show": USERS})["rows"]
        found = read_rows(measure_reads(readers, 2, 0.05, lambda _: None))
    assert rows[1] == [10.0, 3.0]
    assert rows[3] == [None, None]
    assert [(one.name, one.users_per_read) for one in found] == [
        ("lmdb", 500),
        ("redis", 500),
        ("lmdb", 1),
        ("redis", 1),
    ]
    assert all(one.wall_us_per_user.least > 0 and one.client_cpu_us_per_user.most >= 0 for one in found)


def test_readers_of_different_values_are_not_compared(tmp_path: Path) -> None:
    settings = _home(tmp_path)
    order = ReaderOrder("one", OURS, shared_environ(settings, settings.home))
    with ExitStack() as stack:
        [one] = start_readers([order], FEATURES, USERS, tmp_path, stack)
        (tmp_path / "other").mkdir()
        [other] = start_readers([order._replace(name="other")], FEATURES[::-1], USERS, tmp_path / "other", stack)
        with pytest.raises(StrataError, match="other reads other features than one"):
            require_same_values([one, other], USERS)


def test_a_reader_that_ends_is_told_with_its_log(tmp_path: Path) -> None:
    with ExitStack() as stack:
        [gone] = start_readers(
            [ReaderOrder("gone", "loadtests.reads.nothing", os.environ)], FEATURES, USERS, tmp_path, stack
        )
        with pytest.raises(StrataError, match="the reader gone ended; see"):
            gone.ask({"show": USERS})
