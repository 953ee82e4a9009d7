"""The prediction log read again: what callers were told last, for a worker that has told nobody anything yet."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from serving.adapters.prediction_files import newest_files
from serving.domain.assignments import PastAnswers
from serving.domain.segmenter import SegmenterProfile
from serving.ports import LoggedFile
from strata.clock import Clock

_COLUMNS: Final = {
    "user_id": "string",
    "segment": "dictionary<values=string, indices=int32, ordered=0>",
    "score": "float",
    "live_at": "timestamp[us, tz=UTC]",
}
_log = logging.getLogger("strata.predictions")


class ParquetPredictionHistory:
    """A PredictionHistory over the folder that all workers of a home write to, while they do.

    Arrays are taken from buffers, as they are written (`prediction_columns.py`): `to_numpy` imports pandas.
    """

    def __init__(self, predictions: Path, profiles: Iterable[SegmenterProfile], clock: Clock) -> None:
        self._predictions, self._clock = predictions, clock
        self._profiles = {profile.key: profile for profile in profiles}

    def files(self, most: int) -> list[LoggedFile]:
        try:
            found = newest_files(self._predictions, self._profiles.values(), most)
        except OSError as error:
            _skipped(self._predictions, error)
            return []
        return [LoggedFile(profile.key, name) for name, profile in found]

    def read(self, file: LoggedFile) -> Iterator[PastAnswers]:
        profile = self._profiles[file.key]
        path = self._predictions / profile.name / file.name
        try:
            yield from self._groups(path, profile)
        except FileNotFoundError:
            return  # the oldest files go while this reads
        except Exception as error:  # Arrow has an exception for everything that can be wrong with a file, and more
            _skipped(path, error)

    def _groups(self, path: Path, profile: SegmenterProfile) -> Iterator[PastAnswers]:
        import pyarrow.parquet as pq

        options: dict[str, Any] = {"read_dictionary": ["segment"], "page_checksum_verification": True}
        with pq.ParquetFile(path, pre_buffer=False, **options) as file:
            _check(file.schema_arrow, profile)
            for group in reversed(range(file.num_row_groups)):
                table = file.read_row_group(group, columns=list(_COLUMNS), use_threads=False)
                for batch in reversed(table.to_batches()):
                    yield self._answers(batch, profile)

    def _answers(self, batch: Any, profile: SegmenterProfile) -> PastAnswers:
        users, segments, scores, live_at = (batch.column(name) for name in _COLUMNS)
        positions = {entry.key: position for position, entry in enumerate(profile.vocabulary)}
        vocabulary = np.array([positions.get(key, -1) for key in segments.dictionary.to_pylist()], dtype=np.int32)
        indexes = vocabulary[_numbers(segments.indices, np.int32)]
        chances, live_at_us = _numbers(scores, np.float32), _numbers(live_at, np.int64)
        sound = _present(scores) & _present(live_at) & (indexes >= 0) & (chances >= 0.0) & (chances <= 1.0)
        chosen = np.flatnonzero(sound & (live_at_us <= self._clock.now_us()))[::-1]
        named = users.to_pylist() if len(chosen) else []
        return PastAnswers(
            [named[position] for position in chosen.tolist()],
            indexes[chosen].tolist(),
            chances[chosen].tolist(),
            live_at_us[chosen].tolist(),
        )


def _check(schema: Any, profile: SegmenterProfile) -> None:
    version = (schema.metadata or {}).get(b"version", b"").decode()
    types = {name: str(schema.field(name).type) for name in _COLUMNS if name in schema.names}
    if version != profile.version or types != _COLUMNS:
        raise ValueError(f"it is no file of version {profile.version}")


def _numbers(array: Any, kind: Any) -> NDArray[Any]:
    """Its values; where there is none, anything."""
    values = np.frombuffer(array.buffers()[1], dtype=kind)
    return values[array.offset : array.offset + len(array)]


def _present(array: Any) -> NDArray[np.bool_]:
    """Which of its values are there."""
    if not array.null_count:
        return np.ones(len(array), dtype=np.bool_)
    bits = np.unpackbits(np.frombuffer(array.buffers()[0], dtype=np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(np.bool_)


def _skipped(path: Path, error: Exception) -> None:
    fields = {"file": path.name, "reason": str(error) or type(error).__name__}
    _log.warning("predictions not read again", extra={"fields": fields})
