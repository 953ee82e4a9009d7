"""What is believed about the state's tables between two looks at them: layouts, and how far each has got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from serving.adapters.feature_reading import Reading, plan_reading
from strata.features.layout import Layout
from strata.features.note import GenerationNote
from strata.features.reader import NO_TIME
from strata.registry.catalog import Catalog

LOOK_S: Final = 0.25
"""How long a look is believed. A row says how far it has got itself; this is for users nothing has happened to."""
KEPT_READINGS: Final = 256
Features = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Look:
    """One look at the tables."""

    version: int
    layouts: Mapping[str, Layout]
    marks: Mapping[str, int]
    """NO_TIME for a table that never had a watermark."""


class Readings:
    """Readings by the segmenters asked for, compiled against the layouts of the last look."""

    def __init__(self, catalog: Catalog, features: Features) -> None:
        self._catalog, self._features = catalog, features
        self._wanted = catalog.tables()
        self._kept: dict[tuple[str, ...], Reading] = {}
        self._believed: dict[tuple[str, ...], tuple[Reading, list[int]]] = {}
        """Kept readings with the marks of the last look."""
        self._look = Look(-1, {}, {})
        views = {view for pairs in features.values() for view, _ in pairs}
        self.tables = tuple(dict.fromkeys(catalog.table_of(view) for view in sorted(views)))
        """Every table any segmenter reads."""

    def take(self, version: int, notes: Mapping[str, bytes | None], marks: Mapping[str, int | None]) -> None:
        """Believe a look. Another version means other layouts, so readings are compiled anew."""
        if version == self._look.version:
            layouts = self._look.layouts
        else:
            layouts = {table: _layout(notes.get(table), layout) for table, layout in self._wanted.items()}
            self._kept.clear()
        self._believed.clear()
        self._look = Look(version, layouts, {t: NO_TIME if m is None else m for t, m in marks.items()})

    @property
    def version(self) -> int:
        """The state's version at the last look."""
        return self._look.version

    def reading(self, segmenters: tuple[str, ...]) -> tuple[Reading, list[int]]:
        """The reading for some segmenters, and how far each of its tables has got."""
        found = self._believed.get(segmenters)
        if found is None:
            reading = self._compiled(segmenters)
            found = reading, [self._look.marks.get(table, NO_TIME) for table in reading.tables]
            if segmenters in self._kept:
                self._believed[segmenters] = found
        return found

    def _compiled(self, segmenters: tuple[str, ...]) -> Reading:
        found = self._kept.get(segmenters)
        if found is None:
            found = plan_reading(self._catalog, self._look.layouts, [self._features[name] for name in segmenters])
            if len(self._kept) < KEPT_READINGS:  # callers choose the combinations: what is kept for them is bounded
                self._kept[segmenters] = found
        return found


class Sightings:
    """What a worker saw last of its state's tables, whichever release it looked for: the sources of the next one begin
    with it, and nobody waits for their first look."""

    def __init__(self) -> None:
        self._version = -1
        self._notes: dict[str, bytes | None] = {}
        self._marks: dict[str, int | None] = {}

    def add(self, version: int, notes: Mapping[str, bytes | None], marks: Mapping[str, int | None]) -> None:
        """A look at some tables; notes where they are other ones than before."""
        if version != self._version:
            self._version, self._notes, self._marks = version, {}, {}
        self._notes.update(notes)
        self._marks.update(marks)

    def tell(self, readings: Readings) -> None:
        """Have readings believe it, if each of their tables was seen."""
        if self._notes.keys() >= set(readings.tables):
            readings.take(self._version, self._notes, self._marks)


def _layout(note: bytes | None, wanted: Layout) -> Layout:
    """The layout of a table's rows; one that was never rebuilt has rows of the definitions' own."""
    return GenerationNote.unpack(note).layout if note else wanted
