"""`python -m training.lab.subject ALGORITHM TABLE FOLDER`: one algorithm end to end on one table, in this process."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from strata.runtime.manifest import seal
from strata.runtime.package import assemble
from strata.settings import load_settings
from training.fitting import fit
from training.gates.latency import measure_latency
from training.gates.parity import compare_answers
from training.gather import Gathered, gather
from training.lab.data_sets import LOADERS
from training.lab.isolated import peak_memory_mb, tell_result
from training.lab.subjects import JOURNEY, Subject, define
from training.packing import make_manifest
from training.tables import gather_table

HOUR_US = 3_600_000_000


def run(subject: Subject, folder: Path) -> dict[str, Any]:
    """Fit, judge, export, and hold the export against the library. `folder`: that of the tables."""
    definition = define(subject)
    gathered = _gather(subject, folder)
    before_mb, began_s = peak_memory_mb(), time.perf_counter()
    fitted = fit(definition, gathered.rows)
    fitted_s = time.perf_counter()
    evaluation = fitted.evaluate()
    judged_s = time.perf_counter()
    export = fitted.export()
    manifest = seal(make_manifest(definition, gathered, export, evaluation, None))
    package = assemble(manifest, export.files)
    parity, _ = compare_answers(fitted, package, gathered.rows.schema, gathered.reference)
    quality = "roc_auc" if definition.supervised else "silhouette"
    return {
        "algorithm": subject.algorithm,
        "table": subject.table,
        "rows": len(gathered.rows.train.values),
        "features": len(gathered.rows.schema.features),
        "segments": len(manifest.vocabulary),
        "quality": {"metric": quality, **_interval(evaluation.details, quality, evaluation.metrics)},
        "training_s": round(fitted_s - began_s, 2),
        "judging_s": round(judged_s - fitted_s, 2),
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "memory_before_mb": round(before_mb, 1),
        "package_bytes": len(manifest.to_json()) + sum(map(len, export.files.values())),
        **measure_latency(package, gathered.reference),
        "export_segments_differ": parity.segments_differ,
        "export_difference": parity.difference,
    }


def _interval(details: dict[str, Any], quality: str, metrics: dict[str, float]) -> dict[str, float]:
    if quality == "roc_auc":
        found: dict[str, float] = details["ranking"]["roc_auc"]
        return found
    chosen = [each for each in details["candidates"] if each["k"] == metrics["segments"]]
    silhouette: dict[str, float] = (chosen or details["candidates"])[0]["silhouette"]
    return silhouette


def _gather(subject: Subject, folder: Path) -> Gathered:
    if subject.table != JOURNEY:
        table = LOADERS[subject.table](folder)
        return gather_table(table.name, table.features, table.labels, table.groups, table.test, seed=1)
    from strata.registry import read_catalog
    from training.history import History
    from training.reader import FeastReader

    settings = load_settings()
    as_of_us = settings.make_clock().now_us() // HOUR_US * HOUR_US
    reader = FeastReader(settings, read_catalog(settings.registry))
    return gather(define(subject), reader, History(settings.history), as_of_us)


if __name__ == "__main__":
    tell_result(run(Subject(sys.argv[1], sys.argv[2]), Path(sys.argv[3])))
