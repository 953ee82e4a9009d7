"""What goes into a package beside its model: the manifest, the reference, the pages."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from importlib.metadata import version as installed
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from strata.clock import format_instant, system_us
from strata.runtime import Manifest, Scores
from training.definition import Definition
from training.gather import Gathered
from training.journal import Entry
from training.report.judged import Judged
from training.rows import Evaluation, Export, Floats

# What a version depends on; each is named in the manifest.
LIBRARIES: Final = ("lightgbm", "numpy", "scikit-learn")
# And what only some algorithms are fitted by: kind -> distribution.
OF_KIND: Final[Mapping[str, str]] = {"xgboost": "xgboost-cpu"}


def make_manifest(
    definition: Definition, gathered: Gathered, export: Export, evaluation: Evaluation, successor: str | None
) -> Manifest:
    """Not sealed yet. `successor`: where users of the version before's fallback segment are now, if there was one."""
    schema = gathered.rows.schema
    kind = definition.algorithm.kind
    return Manifest(
        segmenter=definition.name,
        version="",
        description=definition.description,
        algorithm=kind,
        feature_service=definition.feature_service,
        features=schema.features,
        schema_fingerprint="",
        view_fingerprints=dict(schema.view_fingerprints),
        vocabulary=export.vocabulary,
        fallback_segment=_fallback(definition, [entry.key for entry in export.vocabulary], successor),
        score_meaning=export.score_meaning,
        created_at=format_instant(system_us()),
        data_window=gathered.window,
        metrics=evaluation.metrics,
        libraries={name: installed(name) for name in (*LIBRARIES, *filter(None, [OF_KIND.get(kind)]))},
        files={},
        model=export.model,
    )


def _fallback(definition: Definition, keys: list[str], successor: str | None) -> str:
    """The definition's; where none of its keys is there, because others were carried over, where its users went."""
    if successor is not None and not set(definition.fallback) & set(keys):
        return successor
    return definition.fallback_in(keys)


def reference_bytes(manifest: Manifest, values: Floats, answers: Scores) -> bytes:
    """reference.parquet: features as they were read, the segment and the score of each; no user ids."""
    columns = {key: pa.array(values[:, i], from_pandas=True) for i, key in enumerate(manifest.feature_keys)}
    keys = [entry.key for entry in manifest.vocabulary]
    columns["segment"] = pa.array([keys[i] for i in answers.segment_indexes])
    columns["score"] = pa.array(answers.scores)
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()


def make_pages(judged: Judged, entry: Entry) -> dict[str, bytes]:
    """What people read of a version; `entry` is its line of the journal."""
    from training.report.model_card import model_card
    from training.report.page import evaluation_page

    manifest, evaluation = judged.manifest, judged.evaluation
    document: dict[str, Any] = {
        "segmenter": manifest.segmenter,
        "version": manifest.version,
        "created_at": manifest.created_at,
        "data_window": manifest.data_window.__dict__,
        "metrics": evaluation.metrics,
        "headline": evaluation.headline,
        "details": evaluation.details,
        "training": entry,
    }
    return {
        "evaluation.json": (json.dumps(document, indent=1, allow_nan=False) + "\n").encode(),
        "evaluation.html": evaluation_page(judged).encode(),
        "model_card.md": model_card(judged).encode(),
    }
