"""The report as JSON. Keys are documented in docs/monitoring.md; pages and metrics read nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np

from monitoring.drift.bins import Floats
from monitoring.drift.judge import CHECKS_PER_COLUMN, per_check_alpha
from monitoring.drift.verdict import Check, Column, ColumnVerdict, Thresholds
from monitoring.log.reader import LogExtract, LogQuery
from monitoring.report.answer import Answer
from monitoring.report.histogram import histogram
from strata.clock import format_instant
from strata.runtime.manifest import Manifest

FORMAT: Final = "strata-drift-report/1"
NOT_LIVE_LIMIT: Final = 0.1
"""Share of answers that were not live above which an operator should look; never called drift."""
SOURCES: Final = ("live", "last_known", "fallback")


def head_document(manifest: Manifest, found: Answer, created: datetime) -> dict[str, Any]:
    """What was reported on, when, and the answer in a line."""
    return {
        "format": FORMAT,
        "segmenter": manifest.segmenter,
        "version": manifest.version,
        "created_at": created.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "created_timestamp": created.timestamp(),
        "status": found.status,
        "exit_code": found.exit_code,
        "sentence": found.sentence,
        "schema_fingerprint": manifest.schema_fingerprint,
        "evidently": None,
    }


def log_document(query: LogQuery, extract: LogExtract) -> dict[str, Any]:
    """What of the log was read, and where its answers came from."""
    return {
        "window": {
            "since": _instant(query.since_us),
            "until": _instant(query.until_us),
            "oldest_row": _instant(extract.oldest_us),
            "newest_row": _instant(extract.newest_us),
        },
        "rows": {
            "files": extract.files,
            "files_skipped": extract.skipped,
            "read": extract.rows,
            "other_versions": dict(extract.other_versions),
            "outside_window": extract.outside_window,
            "in_window": extract.judged_rows,
            "live": extract.sources["live"],
            "compared": extract.compared,
        },
        "sampling": {
            "rule": "newest live row of each user; of more users than the limit, those with the smallest seeded hash",
            "limit": query.limit,
            "seed": query.seed,
            "sampled_down": extract.sampled_down,
        },
        "schema_differences": extract.differences[:20],
        "source_mix": source_mix(extract),
    }


def verdict_document(verdicts: Sequence[ColumnVerdict], thresholds: Thresholds) -> dict[str, Any]:
    """How columns were judged and what came out; no columns where nothing could be compared."""
    return {
        "method": method_document(len(verdicts), thresholds),
        "counts": count_status(verdicts),
        "columns": [column_document(verdict) for verdict in verdicts],
    }


def source_mix(extract: LogExtract) -> dict[str, Any]:
    """Where the window's answers came from, over all rows (not one per user)."""
    total = extract.judged_rows
    shares = {name: round(extract.sources[name] / total, 6) if total else 0.0 for name in SOURCES}
    not_live = 1 - extract.sources["live"] / total if total else 0.0
    return {
        "rows": total,
        "shares": shares,
        "degradations": dict(extract.degradations.most_common(10)),
        "not_live": round(not_live, 6),
        "limit": NOT_LIVE_LIMIT,
        "attention": not_live > NOT_LIVE_LIMIT,
    }


def method_document(columns: int, thresholds: Thresholds) -> dict[str, Any]:
    """What was asked of each column and how strictly."""
    return {
        "alpha": thresholds.alpha,
        "checks": CHECKS_PER_COLUMN * columns,
        "alpha_per_check": per_check_alpha(columns, thresholds),
        "psi_threshold": thresholds.psi,
        "level_factor": thresholds.level,
        "missing_threshold": thresholds.missing,
        "absent_share": thresholds.absent,
    }


def column_document(verdict: ColumnVerdict) -> dict[str, Any]:
    """One column: its leading check flattened, then every check, and what a person wants to see beside it."""
    column, leading = verdict.column, verdict.leading
    return {
        "column": column.name,
        "kind": column.kind,
        "status": verdict.status,
        **_check_document(leading),
        "checks": [_check_document(check) for check in verdict.checks],
        "missing_share": {"reference": _missing(column.reference), "log": _missing(column.current)},
        "infinite": {"reference": _infinite(column.reference), "log": _infinite(column.current)},
        "summary": {"reference": _summary(column, 0), "log": _summary(column, 1)},
        "histogram": histogram(column),
    }


def count_status(verdicts: Sequence[ColumnVerdict]) -> dict[str, int]:
    """How many columns drifted, held and could not be judged; and how many single checks failed."""
    statuses = [verdict.status for verdict in verdicts]
    return {
        "columns": len(statuses),
        "drifted": statuses.count("drift"),
        "not_judged": statuses.count("not_judged"),
        "failed_checks": sum(check.drifted for verdict in verdicts for check in verdict.checks),
    }


def _check_document(check: Check) -> dict[str, Any]:
    return {
        "method": check.method,
        "statistic": None if check.statistic is None else round(check.statistic, 6),
        "threshold": round(check.threshold, 6),
        "noise": round(check.noise, 6),
        "drifted": check.drifted,
        "reason": check.reason,
    }


def _missing(values: Floats) -> float:
    return round(float(np.mean(~np.isfinite(values))), 6)


def _infinite(values: Floats) -> int:
    return int(np.isinf(values).sum())


def _summary(column: Column, sample: int) -> dict[str, Any]:
    values = column.present()[sample]
    if column.kind == "category" or values.size == 0:
        return {"rows": int(values.size)}
    p10, median, p90 = np.quantile(values, [0.1, 0.5, 0.9])
    return {
        "rows": int(values.size),
        "mean": float(values.mean()),
        "p10": float(p10),
        "median": float(median),
        "p90": float(p90),
    }


def _instant(at_us: int | None) -> str | None:
    return None if at_us is None else format_instant(at_us)
