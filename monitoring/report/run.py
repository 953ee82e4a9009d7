"""One report, start to end: version -> log -> schema -> statistics -> Evidently -> a folder that appears at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitoring.drift.judge import judge
from monitoring.drift.verdict import ColumnVerdict, Thresholds
from monitoring.log.reader import LogExtract, LogQuery, newest_row_us, read_log
from monitoring.report.answer import answer
from monitoring.report.columns import pair_columns
from monitoring.report.document import head_document, log_document, verdict_document
from monitoring.report.publish import (
    EVIDENTLY_FILE,
    REPORT_FILE,
    SUMMARY_FILE,
    one_at_a_time,
    pending_folder,
    prune,
    write_json,
)
from monitoring.report.target import Target, find_target
from monitoring.report.window import Window
from monitoring.summary.page import summary_page
from strata.settings import Settings


@dataclass(frozen=True)
class Request:
    """What the caller asks for."""

    segmenter: str
    window: Window
    out: Path
    version: str | None = None
    limit: int = 20_000
    seed: int = 0
    min_rows: int = 100
    keep: int = 50
    evidently: bool = True


@dataclass(frozen=True)
class Outcome:
    """A published report."""

    document: dict[str, Any]
    folder: Path
    exit_code: int


def run_report(settings: Settings, request: Request, created: datetime | None = None) -> Outcome:
    """Make and publish one report. Raises InputInvalid when there is nothing to report on (see `find_target`)."""
    target = find_target(settings, request.segmenter, request.version)
    created = created or datetime.now(UTC)
    thresholds = Thresholds(psi=settings.monitor.psi_threshold, missing=settings.monitor.missing_threshold)
    with one_at_a_time(request.out / request.segmenter):
        query, extract = _read(settings, request, target)
        found = answer(target.manifest, query, extract, request.min_rows)
        verdicts = _judge(target, extract, thresholds) if found.status == "ok" else []
        if any(verdict.drifted for verdict in verdicts):
            found = found.with_drift(verdicts)
        document = {
            **head_document(target.manifest, found, created),
            **log_document(query, extract),
            **verdict_document(verdicts, thresholds),
        }
        document["rows"]["reference"] = target.reference.num_rows
        folder = _publish(request, document, verdicts, created)
        prune(folder.parent, request.keep, request.out / "workspace")
    return Outcome(document, folder, found.exit_code)


def _read(settings: Settings, request: Request, target: Target) -> tuple[LogQuery, LogExtract]:
    folder = settings.predictions / request.segmenter
    newest = newest_row_us(folder) if request.window.last_s is not None else None
    since, until = request.window.resolve(settings.make_clock().now_us(), newest)
    manifest = target.manifest
    query = LogQuery(
        manifest.version,
        manifest.feature_keys,
        manifest.schema_fingerprint,
        since,
        until,
        request.limit,
        request.seed,
    )
    return query, read_log(folder, query)


def _judge(target: Target, extract: LogExtract, thresholds: Thresholds) -> list[ColumnVerdict]:
    assert extract.sample is not None
    return judge(pair_columns(target.manifest, target.reference, extract.sample), thresholds)


def _publish(request: Request, document: dict[str, Any], verdicts: list[ColumnVerdict], created: datetime) -> Path:
    folder = request.out / request.segmenter
    name = f"{created:%Y%m%dT%H%M%S.%fZ}-{document['version']}-{os.getpid()}"
    document["id"] = name
    with pending_folder(folder, name) as pending:
        if verdicts and request.evidently:
            document["evidently"] = _evidently(request, document, verdicts, created, pending)
        write_json(pending / REPORT_FILE, document)
        (pending / SUMMARY_FILE).write_text(summary_page(document), encoding="utf-8")
    return folder / name


def _evidently(
    request: Request, document: dict[str, Any], verdicts: list[ColumnVerdict], created: datetime, pending: Path
) -> dict[str, str] | None:
    from monitoring.report.evidently_page import build_snapshot
    from monitoring.report.workspace import add_snapshot

    tags = [request.segmenter, document["version"], document["status"]]
    snapshot = build_snapshot(verdicts, name=document["id"], at=created, tags=tags, rows=request.min_rows)
    if snapshot is None:
        return None
    snapshot.save_html(str(pending / EVIDENTLY_FILE))  # a Path is silently ignored there
    project, identity = add_snapshot(request.out / "workspace", request.segmenter, snapshot)
    return {"html": EVIDENTLY_FILE, "project": project, "snapshot": identity}
