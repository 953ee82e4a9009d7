"""The event id of each row, by the mapping's rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from streaming.columns.text import text_or_blank, to_text
from streaming.door.digests import raw_digests
from streaming.door.occurrences import Occurrences
from streaming.mapping.model import IdColumns, IdHash

if TYPE_CHECKING:
    import pyarrow as pa

SEPARATOR = "|"
LONGEST_ID = 512


class EventIds:
    """Makes ids for the rows of one file, in file order: call it for every batch, once."""

    def __init__(self, rule: IdColumns | IdHash, name: str) -> None:
        self._rule = rule
        self._prefix = name if rule.prefix is None else rule.prefix
        self._occurrences = Occurrences()

    @property
    def remembers(self) -> bool:
        """Whether an id depends on the rows before it."""
        return isinstance(self._rule, IdHash) and self._rule.occurrence

    def make(self, columns: dict[str, pa.Array]) -> pa.Array:
        """Ids; null where a column of the rule is missing (a hash takes a missing value as a value)."""
        if isinstance(self._rule, IdColumns):
            return self._joined([escaped(to_text(columns[name])) for name in self._rule.columns])
        line = joined([escaped(text_or_blank(columns[name])) for name in self._rule.hash])
        return self._hashed(line, self._rule.occurrence)

    def _joined(self, parts: list[pa.Array]) -> pa.Array:
        return joined([self._prefix, *parts]) if self._prefix else joined(parts)

    def _hashed(self, line: pa.Array, occurrence: bool) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        raw = raw_digests(line)
        ids = pa.array([digest.hex() for digest in raw], pa.string())
        if occurrence:
            # 64 of the 128 bits count: two lines alike in these would only be numbered as if they were equal.
            numbers = self._occurrences.number(np.frombuffer(b"".join(raw), dtype="<u8")[::2])
            ids = joined([ids, pc.cast(pa.array(numbers), pa.string())])
        return self._joined([ids])


def joined(parts: list[pa.Array | str]) -> pa.Array:
    """Texts joined by the separator; null where a part is."""
    import pyarrow.compute as pc

    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR)


def escaped(text: pa.Array) -> pa.Array:
    """Text in which the separator cannot be mistaken: `a|b` and `c` never join to what `a` and `b|c` do."""
    import pyarrow.compute as pc

    return pc.replace_substring(pc.replace_substring(text, "\\", "\\\\"), SEPARATOR, "\\" + SEPARATOR)
