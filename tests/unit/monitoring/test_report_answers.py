"""A report without Evidently: what it answers for every state of the log, and what it leaves on disk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drift_world import AGE_BANDS, ANCHOR_US, log_table, synthetic_population, take, write_drift_package, write_log

from monitoring.report import run
from monitoring.report.run import Outcome, Request, run_report
from monitoring.report.window import Window
from strata.errors import AlreadyRunning, InputInvalid
from strata.runtime import Manifest
from strata.settings import Settings

REFERENCE = synthetic_population(800, 1)
MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def manifest(settings: Settings) -> Manifest:
    return write_drift_package(settings.packages, REFERENCE, categories=AGE_BANDS)


def report(settings: Settings, **changes: object) -> Outcome:
    """One report over the whole log."""
    request = Request("value_tiers", Window(), settings.reports, evidently=False, **changes)  # type: ignore[arg-type]
    return run_report(settings, request, MADE)


def test_the_same_population_is_no_drift(settings: Settings, manifest: Manifest) -> None:
    """Exit 0, a sentence, every column judged, rows that add up."""
    write_log(settings.predictions, log_table(manifest, synthetic_population(600, 2)))
    outcome = report(settings)
    assert (outcome.exit_code, outcome.document["status"]) == (0, "ok")
    assert outcome.document["sentence"] == "No drift: 600 users look like the reference."
    assert outcome.document["counts"] == {"columns": 8, "drifted": 0, "not_judged": 0, "failed_checks": 0}
    rows = outcome.document["rows"]
    assert (rows["read"], rows["in_window"], rows["live"], rows["compared"]) == (600, 600, 600, 600)
    assert json.loads((outcome.folder / "report.json").read_text()) == outcome.document


def test_a_planted_shift_is_drift(settings: Settings, manifest: Manifest) -> None:
    """Nulls in a fifth of one feature: exit 3, that column and no other, with method, statistic and reason."""
    columns = synthetic_population(600, 2)
    columns["rfm:recency_days"][::5] = np.nan
    write_log(settings.predictions, log_table(manifest, columns))
    outcome = report(settings)
    drifted = [column for column in outcome.document["columns"] if column["drifted"]]
    assert outcome.exit_code == 3
    assert [column["column"] for column in drifted] == ["rfm:recency_days"]
    assert (drifted[0]["method"], drifted[0]["statistic"], drifted[0]["threshold"]) == ("missing_share", 0.2, 0.1)
    assert drifted[0]["reason"] == "20.0% missing, 0.0% in the reference"


def test_a_vanished_segment_is_drift(settings: Settings, manifest: Manifest) -> None:
    """Nobody is `high` any more: the vocabulary is what shares are taken over, so it is named."""
    columns = synthetic_population(600, 2)
    columns["segment"] = np.where(columns["segment"] == "high", "middle", columns["segment"])
    write_log(settings.predictions, log_table(manifest, columns))
    outcome = report(settings)
    assert [column["column"] for column in outcome.document["columns"] if column["drifted"]] == ["segment"]
    assert "high vanished" in outcome.document["columns"][-1]["checks"][1]["reason"]


def test_a_score_that_moves_is_drift(settings: Settings, manifest: Manifest) -> None:
    """Scores half as large."""
    columns = synthetic_population(600, 2)
    columns["score"] = columns["score"] / 2
    write_log(settings.predictions, log_table(manifest, columns))
    assert [c["column"] for c in report(settings).document["columns"] if c["drifted"]] == ["score"]


def test_no_log_yet_is_an_answer(settings: Settings, manifest: Manifest) -> None:
    """Before the first request: exit 0 and what to do."""
    outcome = report(settings)
    assert (outcome.exit_code, outcome.document["status"], outcome.document["columns"]) == (0, "no_log", [])
    assert outcome.document["sentence"].startswith("No prediction log of value_tiers yet")


@pytest.mark.parametrize("rows", [0, 1, 99])
def test_too_few_rows_are_an_answer(settings: Settings, manifest: Manifest, rows: int) -> None:
    """Fewer than 100 users: nothing is judged, and it says so."""
    table = log_table(manifest, synthetic_population(100, 2)).slice(0, rows)
    write_log(settings.predictions, table)
    outcome = report(settings)
    assert outcome.exit_code == 0
    assert outcome.document["status"] == ("not_enough_rows" if rows else "no_log")
    assert outcome.document["columns"] == []


def test_rows_of_another_version_are_named(settings: Settings, manifest: Manifest) -> None:
    """The gateway still serves an older version: no comparison, and the version found is said."""
    other = log_table(manifest, synthetic_population(300, 2), version=pa.array(["aaaaaaaaaaaa"] * 300))
    write_log(settings.predictions, other)
    outcome = report(settings)
    assert outcome.document["status"] == "not_enough_rows"
    assert "300 rows are of other versions (aaaaaaaaaaaa)" in outcome.document["sentence"]


def test_files_outside_the_window_are_not_compared(settings: Settings, manifest: Manifest) -> None:
    """A file of a day before and one of a day after lie outside; a row at `until` does too."""
    day_us = 86_400_000_000
    for number, shift in enumerate((-day_us, 0, day_us)):
        at = pa.array(ANCHOR_US + shift + np.arange(200), pa.timestamp("us", tz="UTC"))
        users = pa.array([f"{number}-{index}" for index in range(200)])
        table = log_table(manifest, synthetic_population(200, 2), as_of=at, user_id=users)
        write_log(settings.predictions, table, f"part-{number}")
    request = Request("value_tiers", Window(ANCHOR_US, ANCHOR_US + 150), settings.reports, evidently=False)
    rows = run_report(settings, request, MADE).document["rows"]
    assert (rows["read"], rows["in_window"], rows["outside_window"], rows["compared"]) == (600, 150, 450, 150)


def test_answers_that_were_not_live_are_no_drift_but_noticed(settings: Settings, manifest: Manifest) -> None:
    """A third fallbacks without features or score: left out of the comparison, shown in the source mix."""
    columns = synthetic_population(600, 2)
    for name in columns:
        if name != "segment":
            columns[name][:200] = np.nan
    columns["segment"][:200] = "low"
    source = pa.array(["fallback"] * 150 + ["last_known"] * 50 + ["live"] * 400)
    write_log(settings.predictions, log_table(manifest, columns, source=source))
    outcome = report(settings)
    assert (outcome.exit_code, outcome.document["rows"]["compared"]) == (0, 400)
    mix = outcome.document["source_mix"]
    assert mix["shares"] == {"live": 0.666667, "last_known": 0.083333, "fallback": 0.25}
    assert mix["attention"]


def test_a_truncated_file_is_skipped_counted_and_named(settings: Settings, manifest: Manifest) -> None:
    """Half a Parquet file beside a whole one."""
    whole = write_log(settings.predictions, log_table(manifest, synthetic_population(600, 2)))
    (whole.parent / "part-1.parquet").write_bytes(whole.read_bytes()[:2_000])
    (whole.parent / ".part-2.parquet").write_bytes(b"being written")
    outcome = report(settings)
    assert outcome.document["rows"]["files"] == 2
    assert [text.split(":")[0] for text in outcome.document["rows"]["files_skipped"]] == ["part-1.parquet"]
    assert outcome.document["sentence"].endswith("1 unreadable files were skipped.")


def test_a_log_of_another_shape_is_refused_in_words(settings: Settings, manifest: Manifest) -> None:
    """A column missing, one of another type, another fingerprint: exit 2, all three said, nothing judged."""
    table = log_table(manifest, synthetic_population(300, 2)).drop_columns(["rfm:recency_days"])
    table = table.set_column(
        table.column_names.index("behaviour:coupons"), "behaviour:coupons", pa.array(["many"] * 300)
    )
    write_log(settings.predictions, table.replace_schema_metadata({"schema_fingerprint": "0" * 16}))
    outcome = report(settings)
    assert (outcome.exit_code, outcome.document["status"], outcome.document["columns"]) == (2, "schema_mismatch", [])
    assert outcome.document["schema_differences"] == [
        "part-0.parquet: missing columns: rfm:recency_days",
        "part-0.parquet: behaviour:coupons is string, expected a floating-point number",
        f"part-0.parquet: schema fingerprint is {'0' * 16}, the package's is {manifest.schema_fingerprint}",
    ]


def test_dictionary_encoded_text_is_text(settings: Settings, manifest: Manifest) -> None:
    """A writer may encode repeated strings; that is not a difference."""
    table = log_table(manifest, synthetic_population(300, 2))
    for name in ("segment", "source", "version"):
        table = table.set_column(table.column_names.index(name), name, table[name].dictionary_encode())
    write_log(settings.predictions, table)
    assert report(settings).document["status"] == "ok"


def test_an_undeclared_category_code_is_named(settings: Settings, manifest: Manifest) -> None:
    """Code 9 of four declared bands."""
    columns = synthetic_population(600, 2)
    columns["profile:age_band"][:120] = 9.0
    write_log(settings.predictions, log_table(manifest, columns))
    age = next(c for c in report(settings).document["columns"] if c["column"] == "profile:age_band")
    assert any(check["reason"].startswith("undeclared code 9 is new") for check in age["checks"])


def test_strange_values_never_break_a_report(settings: Settings, manifest: Manifest) -> None:
    """All null, constant and infinite columns at once still give a report that is valid JSON."""
    columns = synthetic_population(300, 2)
    columns["rfm:monetary_30d"][:] = np.nan
    columns["rfm:frequency_30d"][:] = 4.0
    columns["rfm:recency_days"][:] = np.inf
    write_log(settings.predictions, log_table(manifest, columns))
    outcome = report(settings)
    found = {column["column"]: column for column in outcome.document["columns"]}
    assert found["rfm:monetary_30d"]["missing_share"]["log"] == 1.0
    assert found["rfm:frequency_30d"]["drifted"]
    assert found["rfm:recency_days"]["infinite"] == {"reference": 0, "log": 300}
    assert "NaN" not in (outcome.folder / "report.json").read_text()


def test_a_version_without_reference_is_refused(settings: Settings) -> None:
    """Nothing to compare with: a sentence, and no report."""
    write_drift_package(settings.packages, REFERENCE, with_reference=False)
    with pytest.raises(InputInvalid, match=r"has no reference\.parquet"):
        report(settings)
    assert not settings.reports.exists()


def test_a_changed_reference_is_refused(settings: Settings, manifest: Manifest) -> None:
    """The manifest names the reference's hash."""
    path = settings.packages / "value_tiers" / manifest.version / "reference.parquet"
    pq.write_table(pq.read_table(path).slice(0, 10), path)
    with pytest.raises(InputInvalid, match="not the file its manifest names"):
        report(settings)


def test_an_untrained_segmenter_is_refused(settings: Settings) -> None:
    """What to do comes with the sentence."""
    with pytest.raises(InputInvalid, match="strata train value_tiers"):
        report(settings)


def test_an_interrupted_report_leaves_nothing_half(
    settings: Settings, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended while the page is written: no report is listed; what a kill leaves behind the next run removes."""
    write_log(settings.predictions, log_table(manifest, synthetic_population(300, 2)))

    def interrupt(_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(run, "summary_page", interrupt)
        with pytest.raises(KeyboardInterrupt):
            report(settings)
    folder = settings.reports / "value_tiers"
    assert [path.name for path in folder.iterdir()] == [".lock"]
    (folder / ".pending-killed").mkdir()
    outcome = report(settings)
    assert sorted(path.name for path in folder.iterdir()) == [".lock", outcome.folder.name]


def test_two_reports_on_one_segmenter_do_not_mix(settings: Settings, manifest: Manifest) -> None:
    """The second is told to wait."""
    with run.one_at_a_time(settings.reports / "value_tiers"), pytest.raises(AlreadyRunning, match="is being made"):
        report(settings)


def test_old_reports_are_pruned(settings: Settings, manifest: Manifest) -> None:
    """Only the newest stay."""
    for second in range(4):
        request = Request("value_tiers", Window(), settings.reports, keep=2, evidently=False)
        run_report(settings, request, MADE.replace(second=second))
    kept = sorted(path.name[:16] for path in (settings.reports / "value_tiers").glob("2*"))
    assert kept == ["20260102T030402.", "20260102T030403."]


def test_more_users_than_the_limit_are_sampled_and_said(settings: Settings, manifest: Manifest) -> None:
    """A limit of 200 over 600 users."""
    write_log(settings.predictions, log_table(manifest, take(synthetic_population(600, 2), np.arange(600))))
    document = report(settings, limit=200).document
    assert document["rows"]["compared"] == 200
    assert document["sampling"]["sampled_down"]
