"""The log as the gateway writes it is the log a report reads (contract 6), without either room knowing the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from drift_world import ANCHOR_US, synthetic_population, write_drift_package

from monitoring.log.reader import LogQuery, read_log
from monitoring.log.schema import log_differences
from serving.adapters.prediction_columns import Block
from serving.adapters.prediction_files import PredictionFile
from serving.domain.segmenter import Placement, ScoreMeaning, SegmenterProfile, SegmentMeaning
from strata.runtime import Manifest


def test_a_file_of_the_gateway_is_read_without_differences(tmp_path: Path) -> None:
    """Types, columns and fingerprint fit; live rows are sampled, a fallback is only counted."""
    columns = synthetic_population(10, 1)
    manifest = write_drift_package(tmp_path / "packages", columns)
    values = np.stack([columns[key] for key in manifest.feature_keys], axis=1)
    values[9] = np.nan
    users = [f"u{index}" for index in range(10)]
    block = Block(
        users="".join(users).encode(),
        user_bytes=np.array([len(user) for user in users], dtype=np.int32),
        as_of_us=ANCHOR_US + np.arange(10, dtype=np.int64),
        known_at_us=np.zeros(10, dtype=np.int64),
        segment_indexes=np.zeros(10, dtype=np.int32),
        scores=np.array([*columns["score"][:9], np.nan], dtype=np.float32),
        sources=np.array([*[1] * 9, 3], dtype=np.uint8),
        degradations=np.array([*[0] * 9, 1], dtype=np.uint8),
        values=values,
    )
    log = PredictionFile(tmp_path / "log", "one", _profile(manifest))
    log.write([block])
    log.finish()

    (path,) = (tmp_path / "log").glob("*.parquet")
    assert log_differences(pq.read_schema(path), manifest.feature_keys, manifest.schema_fingerprint) == []
    query = LogQuery(manifest.version, manifest.feature_keys, manifest.schema_fingerprint, None, None, 100, 0)
    extract = read_log(tmp_path / "log", query)
    assert dict(extract.sources) == {"live": 9, "fallback": 1}
    assert extract.degradations.total() == 1
    assert extract.sample is not None
    read = extract.sample.sort_by("user_id")
    assert read["user_id"].to_pylist() == users[:9]
    assert read["rfm:monetary_30d"].to_pylist() == columns["rfm:monetary_30d"][:9].tolist()
    assert set(read["segment"].to_pylist()) == {"high"}


def _profile(manifest: Manifest) -> SegmenterProfile:
    return SegmenterProfile(
        name=manifest.segmenter,
        version=manifest.version,
        description="",
        vocabulary=tuple(SegmentMeaning(entry.key, entry.label, entry.description) for entry in manifest.vocabulary),
        fallback_index=0,
        score_meaning=ScoreMeaning.MARGIN,
        feature_service=manifest.feature_service,
        features=tuple((feature.view, feature.name) for feature in manifest.features),
        schema_fingerprint=manifest.schema_fingerprint,
        manifest_sha256="",
        placement=Placement.EMBEDDED,
        created_at_us=0,
    )
