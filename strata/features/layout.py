"""What a user's row of a table keeps: the union of the partials of every windowed view on one event source and hop.

One row a user, not one a view: events, ids and tiles that several views need are kept once, and an event changes
one row. A generation of the table keeps the layout it was built with beside its rows; a reader of newer definitions
still finds in it every partial that it has.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from strata.errors import DefinitionInvalid
from strata.features.conditions import canonical, parse
from strata.features.functions import lower
from strata.features.functions.partials import Partial, PartialKind
from strata.features.plan import LATENESS_US
from strata.features.spec import ViewSpec

FORMAT: Final = 1
QUOTA_EVENTS: Final = 10_000
"""Events of one user that count in a quota block; the rest are refused, and counted as such."""
QUOTA_BLOCK_US: Final = 30 * 86_400_000_000
"""Thirty days of recorded time: 333 events a day, which nobody reaches by hand."""
NUMBER_LIMIT: Final = 2**40
"""No value, quantity or discount past this counts: 4 million of them cannot leave int64."""
SUMS: Final = (PartialKind.COUNT, PartialKind.TOTAL)
EXTREMES: Final = (PartialKind.LEAST, PartialKind.GREATEST)
NEWEST: Final = (PartialKind.LATEST, PartialKind.MOMENT)
_ORDER: Final = (*SUMS, *EXTREMES, *NEWEST, PartialKind.IDS, PartialKind.SESSIONS, PartialKind.RECENT)


@dataclass(frozen=True)
class Layout:
    """Ordered partials and their hop. Make it with `compile_layout`."""

    table: str
    hop_us: int
    horizon_us: int
    """The longest window: tiles that no window of a read at the newest event or later can reach are dropped."""
    lateness_us: int
    partials: tuple[Partial, ...]

    @cached_property
    def fingerprint(self) -> int:
        """64 bits over everything a row's bytes depend on."""
        return int.from_bytes(hashlib.sha256(self.pack()).digest()[:8], "little")

    @cached_property
    def index(self) -> dict[Partial, int]:
        """Where each partial is."""
        return {partial: i for i, partial in enumerate(self.partials)}

    def of(self, *kinds: PartialKind) -> tuple[tuple[int, Partial], ...]:
        """The partials of some kinds, with their places."""
        return tuple((i, partial) for i, partial in enumerate(self.partials) if partial.kind in kinds)

    def pack(self) -> bytes:
        """As kept beside a generation: JSON, the same for the same layout."""
        partials = [[p.kind.value, p.of, canonical(p.where)] for p in self.partials]
        found = [FORMAT, self.table, self.hop_us, self.horizon_us, self.lateness_us, partials]
        return json.dumps(found, separators=(",", ":")).encode()

    @classmethod
    def unpack(cls, data: bytes) -> Layout:
        """As read. Raises ValueError for what is none."""
        form, table, hop_us, horizon_us, lateness_us, partials = json.loads(data)
        if form != FORMAT:
            raise ValueError(f"layout format {form}, not {FORMAT}")
        kept = tuple(Partial(PartialKind(kind), of, parse(where)) for kind, of, where in partials)
        return cls(table, hop_us, horizon_us, lateness_us, kept)


def table_name(source: str, hop_us: int) -> str:
    """The state table of an event source's views of one hop.

    >>> table_name("events_history", 3_600_000_000)
    'events_history@3600'
    """
    return f"{source}@{hop_us // 1_000_000}"


def compile_layout(table: str, views: Sequence[ViewSpec], lateness_us: int = LATENESS_US) -> Layout:
    """The layout of windowed views of one hop. The order of views does not matter. Raises DefinitionInvalid."""
    hops = {view.hop_us for view in views}
    if len(hops) != 1:
        raise DefinitionInvalid(f"table {table}: its views have {len(hops)} different hops; a table has one")
    formulas = [lower(field.definition) for view in views for field in view.fields]
    used = {p.stored for f in formulas for p in (f.numerator, f.denominator, f.presence) if p is not None}
    horizon_us = max(field.definition.window_us for view in views for field in view.fields)
    return Layout(table, hops.pop(), horizon_us, lateness_us, tuple(sorted(used, key=_place)))


def _place(partial: Partial) -> tuple[int, str, str]:
    return _ORDER.index(partial.kind), partial.of, canonical(partial.where)
