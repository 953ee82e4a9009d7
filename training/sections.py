"""Groups of keys that segmenter files share: segments' texts, axes, bands, and what every algorithm's section has."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Unit = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A frozen group of keys that knows its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SegmentText(Section):
    """What people read about one segment."""

    key: Key
    label: str
    description: str


class UnitForms(Section):
    """A unit by the number before it, in the plural categories of the Unicode CLDR that hold 1 and the others."""

    one: str = Field(min_length=1)
    other: str = Field(min_length=1)


class Axis(Section):
    """Features that say the same thing over several windows; each axis weighs the same in a distance."""

    features: tuple[str, ...] = Field(min_length=1)
    """`view:feature`."""
    missing: Literal["low", "median", "high"]
    """Where on the axis a missing value is put."""
    reversed: bool = False
    """True when a large value means little (days since the last purchase)."""
    unit: str | UnitForms
    """In the plural, or both forms: `training.units` says one of it."""

    @field_validator("unit", mode="before")
    @classmethod
    def _forms(cls, found: Any) -> Any:
        if not isinstance(found, str | dict | UnitForms):
            raise ValueError("is text in the plural (days), or both forms ({one: day, other: days})")
        return UnitForms.model_validate(found) if isinstance(found, dict) else found


class Archetype(SegmentText):
    """A name looking for a centroid: where on each axis (0 lowest households, 1 highest) it would lie."""

    anchor: dict[str, Unit]


class Band(SegmentText):
    """One segment between two thresholds; the rule says how its lower threshold is chosen on validation rows.

    `precision_at_least`: the lowest threshold above which this share of rows is positive.
    `recall_at_least`: the highest threshold above which this share of all positives lies.
    None: everything below the other bands; only for the last band.
    """

    precision_at_least: Unit | None = None
    recall_at_least: Unit | None = None


class LabelClass(SegmentText):
    """One segment of users whose measure lies below `below`, and not below that of the class before.

    None: everything from there on; only for the last class, which needs it.
    """

    below: float | None = None


class ClusterSection(Section):
    """What the section of every clustering algorithm has: axes, archetypes and the range of k are the lab's."""

    kind: str
    k_range: tuple[int, int]
    """How many segments there may be; noise is not counted."""
    quantiles: int = Field(default=21, ge=3, le=1001)
    bootstraps: int = Field(default=16, ge=2, le=1_000)
    silhouette_tolerance: Unit = 0.03
    """More segments are preferred while they cost no more silhouette than this."""
    axes: dict[str, Axis] = Field(min_length=1)
    archetypes: tuple[Archetype, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        low, high = self.k_range
        if not 2 <= low <= high <= len(self.archetypes):
            raise ValueError("k_range needs 2 <= low <= high <= number of archetypes")
        for archetype in self.archetypes:
            if set(archetype.anchor) != set(self.axes):
                raise ValueError(f"archetype {archetype.key} should place itself on each axis: {', '.join(self.axes)}")
        placed = Counter(key for axis in self.axes.values() for key in axis.features)
        if twice := [key for key, times in placed.items() if times > 1]:
            raise ValueError(f"a feature lies on one axis, once, and {twice[0]} is named again")
        return self

    @property
    def noise_text(self) -> SegmentText | None:
        """The segment of those who belong nowhere, for algorithms that have one. Its text is fixed: it is no shape."""
        return None

    @property
    def segments(self) -> tuple[SegmentText, ...]:
        """Every segment this may give."""
        return self.archetypes if self.noise_text is None else (*self.archetypes, self.noise_text)


class LabelSection(Section):
    """What the section of every supervised algorithm has. Bands are listed from the likeliest down."""

    kind: str
    calibration: Literal["platt", "isotonic"] = "platt"
    """Of two classes, on validation rows."""
    bands: tuple[Band, ...] = ()
    """None where the label has classes: those are the segments then."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if len(self.bands) == 1:
            raise ValueError("one band is no segmentation; give two, or give the label classes")
        for band in self.bands[:-1]:
            if (band.precision_at_least is None) == (band.recall_at_least is None):
                raise ValueError(f"band {band.key} needs precision_at_least or recall_at_least, not both")
        last = self.bands[-1] if self.bands else None
        if last is not None and (last.precision_at_least is not None or last.recall_at_least is not None):
            raise ValueError("the last band takes what the others leave and has no rule")
        return self

    @property
    def segments(self) -> tuple[SegmentText, ...]:
        """Every segment this may give; none where the label's classes are the segments."""
        return self.bands
