"""`strata top` over a running toy platform, as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from watched_toys import call, watched_toys

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """Where the pages are, while somebody calls."""
    with watched_toys(tmp_path_factory.mktemp("top")) as (pages, gateway), _calling(gateway.addresses["grpc"]):
        options = ("--gateway", "--stream", "--monitor")
        yield tuple(word for pair in zip(options, pages.values(), strict=True) for word in pair)


@contextmanager
def _calling(address: str) -> Iterator[None]:
    over = threading.Event()

    def calls() -> None:
        while not over.wait(0.05):
            call(address, rounds=2)

    thread = threading.Thread(target=calls)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def top(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "strata.command", "top", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_document_tells_what_happens(words: tuple[str, ...]) -> None:
    """Every part of it comes from a page that is there."""
    ran = top("--json", "--interval", "1.5", *words)
    assert ran.returncode == 0, ran.stderr
    frame = json.loads(ran.stdout)
    methods = {each["method"]: each for each in frame["gateway"]["calls"]}
    assert set(methods) == {"GetSegments", "BatchGetSegments"}
    for method in methods.values():
        assert method["per_s"] > 0
        assert method["p50_ms"] > 0
        assert set(method["stages"]) == {"features", "score", "reply"}
    assert methods["GetSegments"]["not_ok_per_s"] > 0
    answers = {each["segmenter"]: each for each in frame["gateway"]["answers"]}
    assert set(answers) == {"toy_promo", "toy_tiers"}
    assert answers["toy_tiers"]["shares"]["live"] == pytest.approx(0.8, abs=0.05)
    assert "toy:spend" in answers["toy_tiers"]["missing_share"]
    assert [each["caller"] for each in frame["gateway"]["callers"]] == ["toys"]
    workers = frame["gateway"]["workers"]
    assert (workers["answering"], len(workers["each"])) == (2, 2)
    assert sum(each["cores"] for each in workers["each"]) > 0
    assert frame["gateway"]["release"] == {"serial": 2, "workers_behind": 0, "shadows": []}
    admission = frame["gateway"]["admission"]
    assert (admission["refused_per_s"], admission["limit"] > 0) == (0, True)
    assert frame["stream"]["lag_records"] == 0
    assert frame["stream"]["parity_users"] == 4
    assert frame["drift"] == [{"segmenter": "value_tiers", "status": "drift", "columns_drifted": 1.0}]


def test_one_frame_is_printed_and_it_ends(words: tuple[str, ...]) -> None:
    """Also where there is no terminal and nobody said --once."""
    for arguments in (("--once",), ()):
        ran = top("--interval", "0.5", *arguments, *words)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "GetSegments" in ran.stdout
        assert "value_tiers drift" in ran.stdout


def test_a_platform_that_does_not_run_is_one_sentence(tmp_path: Path) -> None:
    """Exit code 1, no trace."""
    ran = top("--once", "--gateway", "127.0.0.1:9")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == ("strata: no gateway's metrics page answers at 127.0.0.1:9; start one with: strata up\n")
