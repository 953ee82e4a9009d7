"""A segmenter's declaration: one YAML file under training/segmenters/, checked before anything is read.

Unknown keys and dangling names stop with a sentence. docs/segmenters.md explains every key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from strata.errors import DefinitionInvalid, SegmenterNotFound

FOLDER: Final = Path(__file__).parent / "segmenters"

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Unit = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A frozen group of keys that knows its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SegmentText(Section):
    """What people read about one segment."""

    key: Key
    label: str
    description: str


class Axis(Section):
    """Features that say the same thing over several windows; each axis weighs the same in a distance."""

    features: tuple[str, ...] = Field(min_length=1)
    """`view:feature`."""
    missing: Literal["low", "median", "high"]
    """Where on the axis a missing value is put."""
    reversed: bool = False
    """True when a large value means little (days since the last purchase)."""
    unit: str


class Archetype(SegmentText):
    """A name looking for a centroid: where on each axis (0 lowest households, 1 highest) it would lie."""

    anchor: dict[str, Unit]


class KMeansAlgorithm(Section):
    """Nearest-centroid segments on quantile scores."""

    kind: Literal["kmeans"]
    k_range: tuple[int, int]
    quantiles: int = Field(default=21, ge=3, le=1001)
    starts: int = Field(default=8, ge=1)
    bootstraps: int = Field(default=16, ge=2)
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
        return self


class Band(SegmentText):
    """One segment between two thresholds; the rule says how its lower threshold is chosen on validation rows.

    `precision_at_least`: the lowest threshold above which this share of rows is positive.
    `recall_at_least`: the highest threshold above which this share of all positives lies.
    None: everything below the other bands; only for the last band.
    """

    precision_at_least: Unit | None = None
    recall_at_least: Unit | None = None


class LightGbmAlgorithm(Section):
    """Boosted trees, calibrated, cut by thresholds. Bands are listed from the likeliest down."""

    kind: Literal["lightgbm"]
    trees: int = Field(ge=1, le=2_000)
    parameters: dict[str, int | float] = {}
    calibration: Literal["platt", "isotonic"] = "platt"
    bands: tuple[Band, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _rules(self) -> Self:
        for band in self.bands[:-1]:
            if (band.precision_at_least is None) == (band.recall_at_least is None):
                raise ValueError(f"band {band.key} needs precision_at_least or recall_at_least, not both")
        if self.bands[-1].precision_at_least is not None or self.bands[-1].recall_at_least is not None:
            raise ValueError("the last band takes what the others leave and has no rule")
        return self


class Label(Section):
    """Positive when the user has an event of this type in (t, t + horizon]."""

    event_type: str
    horizon_days: int = Field(ge=1)


class Split(Section):
    """Label dates, laid back from the clock so that no two parts' label windows overlap."""

    step_days: int = Field(ge=1)
    train_dates: int = Field(ge=1)
    validation_dates: int = Field(ge=1)
    test_dates: int = Field(default=1, ge=1)


class RecencyBaseline(Section):
    """The rule a marketer would use: a feature that counts days, at most this many."""

    name: str
    feature: str
    at_most_days: float


class Definition(Section):
    """One segmenter."""

    name: Key
    description: str
    feature_service: str
    algorithm: KMeansAlgorithm | LightGbmAlgorithm = Field(discriminator="kind")
    label: Label | None = None
    split: Split | None = None
    baseline: RecencyBaseline | None = None
    fallback: tuple[Key, ...] = Field(min_length=1)
    """The segment of unknown users: the first of these that the trained vocabulary has."""
    gates: dict[str, float] = {}
    """Metric -> the least a version needs to be stored."""
    seed: int = 7

    @model_validator(mode="after")
    def _whole(self) -> Self:
        supervised = self.algorithm.kind == "lightgbm"
        if supervised != (self.label is not None) or supervised != (self.split is not None):
            raise ValueError("label and split belong to a supervised algorithm, and it needs both")
        keys = self.segment_keys
        if len(set(keys)) != len(keys):
            raise ValueError("a segment key is used twice")
        if unknown := set(self.fallback) - set(keys):
            raise ValueError(f"fallback names no segment of this file: {', '.join(sorted(unknown))}")
        return self

    @property
    def segment_keys(self) -> list[str]:
        """Every key this segmenter may ever give."""
        algorithm = self.algorithm
        entries = algorithm.archetypes if isinstance(algorithm, KMeansAlgorithm) else algorithm.bands
        return [entry.key for entry in entries]

    def fallback_in(self, keys: list[str]) -> str:
        """The fallback among the segments a trained vocabulary really has."""
        for key in self.fallback:
            if key in keys:
                return key
        raise DefinitionInvalid(f"{self.name}: none of the fallback segments {self.fallback} came out of training")


def list_definitions(folder: Path = FOLDER) -> list[str]:
    """The names of the declared segmenters, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_definition(name: str, folder: Path = FOLDER) -> Definition:
    """Read and check one file. Raises SegmenterNotFound or DefinitionInvalid."""
    if name not in list_definitions(folder):
        raise SegmenterNotFound(name, list_definitions(folder))
    path = folder / f"{name}.yaml"
    try:
        definition = Definition.model_validate(_read(path))
    except ValidationError as error:
        raise DefinitionInvalid(f"{path.name}: {_explain(error)}") from None
    if definition.name != name:
        raise DefinitionInvalid(f"{path.name} declares {definition.name!r}; file and name should agree")
    return definition


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DefinitionInvalid(f"{path.name} is not YAML: {' '.join(str(error).split())}") from None


def _explain(error: ValidationError) -> str:
    faults = []
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"]) or "the file"
        known = "is not a key of a segmenter" if fault["type"] == "extra_forbidden" else fault["msg"].lower()
        faults.append(f"{where}: {known}")
    return "; ".join(faults)
