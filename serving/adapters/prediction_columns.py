"""From logged rows to the prediction log's Parquet table (contract 6).

Arrow arrays are built from buffers: `pyarrow.array` of Python values imports pandas where it is installed, which
costs a worker 60 MB.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from serving.domain.assignments import Source
from serving.domain.segmenter import SegmenterProfile
from serving.metrics.families import DEGRADATIONS, SOURCES

_HASHES: Final = 2**32


@dataclass(frozen=True)
class Block:
    """Some rows of one segmenter's log, column by column."""

    users: bytes
    """UTF-8, joined."""
    user_bytes: NDArray[np.int32]
    as_of_us: NDArray[np.int64]
    known_at_us: NDArray[np.int64]
    """When a last known assignment was live; meaningless elsewhere."""
    segment_indexes: NDArray[np.int32]
    scores: NDArray[np.float32]
    sources: NDArray[np.uint8]
    degradations: NDArray[np.uint8]
    values: NDArray[np.float64]
    """[n, f]; a row of NaN where no features were used."""

    def __len__(self) -> int:
        return len(self.as_of_us)


def is_logged(user: str, share: float) -> bool:
    """Whether a user's assignments are logged: stable over processes and versions.

    >>> [is_logged("a", 1.0), is_logged("a", 0.0)]
    [True, False]
    """
    return zlib.crc32(user.encode()) < share * _HASHES


def to_table(profile: SegmenterProfile, blocks: Sequence[Block]) -> Any:
    """A pyarrow Table of contract 6."""
    import pyarrow as pa

    sources = np.concatenate([block.sources for block in blocks])
    count = len(sources)
    scores = np.concatenate([block.scores for block in blocks])
    values = np.concatenate([block.values for block in blocks])
    one = np.zeros(count, dtype=np.int32)
    segments = np.concatenate([block.segment_indexes for block in blocks])
    degradations = np.concatenate([block.degradations for block in blocks])
    as_of_us = np.concatenate([block.as_of_us for block in blocks])
    known_at_us = np.concatenate([block.known_at_us for block in blocks])
    live_at_us = np.where(sources == Source.LAST_KNOWN, known_at_us, as_of_us)
    instant = pa.timestamp("us", tz="UTC")
    columns = {
        "user_id": _strings(
            b"".join(block.users for block in blocks), np.concatenate([block.user_bytes for block in blocks])
        ),
        "as_of": _plain(instant, as_of_us),
        "segmenter": _chosen([profile.name], one),
        "version": _chosen([profile.version], one),
        "segment": _chosen([entry.key for entry in profile.vocabulary], segments),
        "score": _numbers(pa.float32(), scores),
        "source": _chosen(["", *SOURCES], sources),
        "degradation": _chosen(["", *DEGRADATIONS[1:]], degradations),
        "live_at": _nullable(instant, live_at_us, sources != Source.FALLBACK),
    }
    for position, key in enumerate(profile.feature_keys):
        columns[key] = _numbers(pa.float64(), np.ascontiguousarray(values[:, position]))
    table = pa.Table.from_arrays(list(columns.values()), names=list(columns))
    return table.replace_schema_metadata({"schema_fingerprint": profile.schema_fingerprint, "version": profile.version})


def _plain(kind: Any, values: NDArray[Any]) -> Any:
    import pyarrow as pa

    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def _numbers(kind: Any, values: NDArray[Any]) -> Any:
    """NaN becomes null."""
    return _nullable(kind, values, ~np.isnan(values))


def _nullable(kind: Any, values: NDArray[Any], present: NDArray[np.bool_]) -> Any:
    import pyarrow as pa

    bits = np.packbits(present, bitorder="little")
    return pa.Array.from_buffers(kind, len(values), [pa.py_buffer(bits), pa.py_buffer(values)])


def _strings(joined: bytes, lengths: NDArray[np.int32]) -> Any:
    import pyarrow as pa

    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets), pa.py_buffer(joined))


def _chosen(words: Sequence[str], indexes: NDArray[Any]) -> Any:
    """Strings chosen from a few by index."""
    import pyarrow as pa

    encoded = [word.encode() for word in words]
    vocabulary = _strings(b"".join(encoded), np.array([len(each) for each in encoded], dtype=np.int32))
    return vocabulary.take(_plain(pa.int32(), indexes.astype(np.int32)))
