"""One training, from a definition to a stored package."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np

from strata.clock import format_instant, system_us
from strata.errors import InputInvalid, PackageInvalid
from strata.one_holder import hold
from strata.runtime import Manifest, SegmentEntry, write_package
from strata.runtime.manifest import seal
from strata.runtime.package import Package, assemble
from strata.runtime.store import seal_files
from training.definition import Definition
from training.fitting import fit
from training.gather import Gathered, gather
from training.history import History
from training.reader import FeatureReader
from training.report.judged import Judged
from training.rows import Evaluation, Export, Fitted, Floats

# What a version depends on; each is named in the manifest.
LIBRARIES = ("lightgbm", "numpy", "scikit-learn")
PARITY = 1e-6


@dataclass(frozen=True)
class Sources:
    """Where features and labels come from."""

    reader: FeatureReader
    history: History


@dataclass(frozen=True)
class Produced:
    """A stored version."""

    manifest: Manifest
    folder: Path
    evaluation: Evaluation
    rows: int


def produce(
    definition: Definition,
    sources: Sources,
    *,
    packages: Path,
    as_of_us: int,
    progress: Callable[[str], None] = lambda stage: None,
) -> Produced:
    """Train, judge and store one segmenter.

    Raises InputInvalid when the data do not carry it, when a gate is missed (nothing is stored then), or when the
    exported package does not answer as the training library does. Deterministic but for `created_at`.
    """
    with _one_training(packages / definition.name):
        progress("reading features")
        gathered = gather(definition, sources.reader, sources.history, as_of_us)
        progress("fitting")
        scratch = packages / definition.name / ".trials"
        fitted = fit(definition, gathered.rows, scratch=scratch, progress=progress)
        progress("evaluating")
        evaluation = fitted.evaluate()
        check_gates(definition, evaluation.metrics)
        export = fitted.export()
        manifest = _manifest(definition, gathered, export, evaluation)
        scored = _parity(fitted, assemble(seal(manifest), export.files), gathered.reference)
        progress("writing")
        files = {**export.files, "reference.parquet": scored}
        pages = _pages(Judged(seal_files(manifest, files), evaluation, definition.seed))
        manifest, folder = write_package(packages, manifest, {**files, **pages})
        return Produced(manifest, folder, evaluation, len(gathered.rows.train.values))


def check_gates(definition: Definition, metrics: Mapping[str, float]) -> None:
    """Raise InputInvalid, naming each missed gate and both numbers."""
    missed = []
    for name, gate in definition.gates.items():
        if name not in metrics:
            raise InputInvalid(f"{definition.name}: gate {name} is no metric; there are {', '.join(sorted(metrics))}")
        if gate.at_least is not None and not metrics[name] >= gate.at_least:
            missed.append(f"{name} is {metrics[name]:.3f}, at least {gate.at_least:g} is asked")
        if gate.at_most is not None and not metrics[name] <= gate.at_most:
            missed.append(f"{name} is {metrics[name]:.3f}, at most {gate.at_most:g} is asked")
    if missed:
        raise InputInvalid(f"{definition.name} was trained and not stored: {'; '.join(missed)}")


def _parity(fitted: Fitted, package: Package, values: Floats) -> bytes:
    """Score the reference with both, compare, and give reference.parquet's bytes."""
    ours, theirs = package.score(values), fitted.answers(_with_defaults(package, values))
    segments_differ = int((ours.segment_indexes != theirs.segment_indexes).sum())
    distance = float(np.abs(ours.scores - theirs.scores).max(initial=0.0))
    if segments_differ or distance > PARITY:
        raise PackageInvalid(
            f"the exported {package.manifest.segmenter} does not answer as the library that trained it: "
            f"{segments_differ} of {len(values)} segments differ, scores by up to {distance:.2g}"
        )
    return _reference(package.manifest, values, ours.segment_indexes, ours.scores)


def _with_defaults(package: Package, values: Floats) -> Floats:
    filled: Floats = np.where(np.isnan(values), package.defaults, values)
    return filled


def _reference(manifest: Manifest, values: Floats, segments: Any, scores: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {key: pa.array(values[:, i], from_pandas=True) for i, key in enumerate(manifest.feature_keys)}
    keys = [entry.key for entry in manifest.vocabulary]
    columns["segment"] = pa.array([keys[i] for i in segments])
    columns["score"] = pa.array(scores)
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()


def _one_training(folder: Path) -> AbstractContextManager[None]:
    folder.mkdir(parents=True, exist_ok=True)
    return hold(
        folder / ".lock",
        lambda holder: f"another process ({holder}) is training {folder.name}; wait for it or stop it",
    )


def _manifest(definition: Definition, gathered: Gathered, export: Export, evaluation: Evaluation) -> Manifest:
    schema = gathered.rows.schema
    vocabulary: tuple[SegmentEntry, ...] = export.vocabulary
    return Manifest(
        segmenter=definition.name,
        version="",
        description=definition.description,
        algorithm=definition.algorithm.kind,
        feature_service=definition.feature_service,
        features=schema.features,
        schema_fingerprint="",
        view_fingerprints=dict(schema.view_fingerprints),
        vocabulary=vocabulary,
        fallback_segment=definition.fallback_in([entry.key for entry in vocabulary]),
        score_meaning=export.score_meaning,
        created_at=format_instant(system_us()),
        data_window=gathered.window,
        metrics=evaluation.metrics,
        libraries={name: installed(name) for name in LIBRARIES},
        files={},
        model=export.model,
    )


def _pages(judged: Judged) -> dict[str, bytes]:
    from training.report.model_card import model_card
    from training.report.page import evaluation_page

    manifest, evaluation = judged.manifest, judged.evaluation
    document = {
        "segmenter": manifest.segmenter,
        "version": manifest.version,
        "created_at": manifest.created_at,
        "data_window": manifest.data_window.__dict__,
        "metrics": evaluation.metrics,
        "headline": evaluation.headline,
        "details": evaluation.details,
    }
    return {
        "evaluation.json": (json.dumps(document, indent=1, allow_nan=False) + "\n").encode(),
        "evaluation.html": evaluation_page(judged).encode(),
        "model_card.md": model_card(judged).encode(),
    }
