"""A small table that gives each key a value, such as a product's department."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from strata.errors import InputInvalid
from streaming.columns.text import to_text
from streaming.mapping.model import EventMapping, Lookup
from streaming.sources.open import open_source

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_BYTES = 256 << 20


class LookupTable:
    """Keys and values as text, in memory. Of a key that occurs twice the first counts."""

    def __init__(self, keys: pa.Array, values: pa.Array) -> None:
        self._keys, self._values = keys, values

    def find(self, column: pa.Array) -> pa.Array:
        """The value of each key; null where the key is missing or unknown."""
        import pyarrow.compute as pc

        return self._values.take(pc.index_in(to_text(column), self._keys, skip_nulls=True))


def locate_lookup(lookup: Lookup, source: Path, mapping_path: Path) -> Path:
    """The lookup's file: as given, else beside the source, else beside the mapping."""
    candidates = [source.parent / lookup.file, mapping_path.parent / lookup.file]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise InputInvalid(
        f"the mapping looks categories up in {lookup.file}, which is neither beside {source} nor beside the mapping"
    )


def load_lookup(lookup: Lookup, path: Path, mapping: EventMapping) -> LookupTable:
    """Read a lookup whole. Raises InputInvalid when it is not small, or cannot be read."""
    import pyarrow as pa

    if path.stat().st_size > LARGEST_BYTES:
        raise InputInvalid(f"{path} is over {LARGEST_BYTES >> 20} MiB, too large to look categories up in")
    source = open_source(path, mapping.model_copy(update={"format": None}))
    names = list(dict.fromkeys([lookup.key, lookup.value]))
    keys, values = [], []
    for batch in source.batches(names, 1 << 18):
        keys.append(to_text(batch.columns[lookup.key]))
        values.append(to_text(batch.columns[lookup.value]))
    if not keys:
        return LookupTable(pa.array([], pa.string()), pa.array([], pa.string()))
    return LookupTable(pa.concat_arrays(keys), pa.concat_arrays(values))
