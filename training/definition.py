"""A segmenter's declaration: one YAML file under training/segmenters/, checked before anything is read.

Unknown keys and dangling names stop with a sentence. docs/segmenters.md explains every key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise
from math import isqrt
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import Field, SerializeAsAny, ValidationError, field_validator, model_validator

from strata.errors import DefinitionInvalid
from strata.runtime.prepare import MOST_NUMBERS
from training.algorithms import section_of
from training.sections import ClusterSection, Key, LabelClass, LabelSection, Section, SegmentText

FOLDER: Final = Path(__file__).parent / "segmenters"

MOST_BUCKETS: Final = isqrt(MOST_NUMBERS)
"""Of a hashed category: a wide vocabulary goes by its bucket's row of a square table (one-hot), which a package's
largest table bounds. Past it neither a package nor a model would gain: the rows would be 80 MB of zeros in JSON."""


class Label(Section):
    """Positive when the user has an event of this type in (t, t + horizon]; or a class by what those events measure."""

    event_type: str
    horizon_days: int = Field(ge=1, le=3_650)
    measure: Literal["events", "days", "total_value", "total_quantity"] = "events"
    """Of the events: how many, on how many days (UTC), their value (whole units of money) or quantity added up."""
    classes: tuple[LabelClass, ...] = Field(default=(), max_length=100)
    """Three or more, from the least measure up: each is a segment, in place of the algorithm's bands."""

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.measure != "events" and not self.classes:
            raise ValueError("measure is what classes are cut by; without classes an event is enough")
        edges = [one.below for one in self.classes]
        if self.classes and len(self.classes) < 3:
            raise ValueError("two classes are one label and two bands; classes are three or more")
        if self.classes and (None in edges[:-1] or edges[-1] is not None):
            raise ValueError("every class but the last needs below, and the last takes what is left and has none")
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError("below should rise from class to class")
        return self

    @property
    def edges(self) -> list[float]:
        """Where one class ends and the next begins."""
        return [one.below for one in self.classes if one.below is not None]


class Split(Section):
    """Label dates, laid back from the clock so that no two parts' label windows overlap."""

    step_days: int = Field(ge=1, le=3_650)
    train_dates: int = Field(ge=1, le=1_000)
    validation_dates: int = Field(ge=1, le=1_000)
    test_dates: int = Field(default=1, ge=1, le=1_000)


class RecencyBaseline(Section):
    """The rule a marketer would use: a feature that counts days, at most this many."""

    name: str
    feature: str
    at_most_days: float


class RfmScores(Section):
    """Recency, frequency and money as scores of 1 (worst) to `bins` (best) by quantiles, and their mean."""

    kind: Literal["rfm_scores"]
    recency: str
    frequency: str
    monetary: str
    bins: int = Field(default=5, ge=2, le=10)


class Engagement(Section):
    """A weighted mean of features, each as its rank among users, 0..1."""

    kind: Literal["engagement"]
    weights: dict[str, float] = Field(min_length=1)


class Propensity(Section):
    """The probability of the label by a logistic regression on these features; supervised only, fitted out of fold."""

    kind: Literal["propensity"]
    features: tuple[str, ...] = Field(min_length=1)


Derived = Annotated[RfmScores | Engagement | Propensity, Field(discriminator="kind")]


class Preparation(Section):
    """How raw features become what an algorithm reads; all of it is fitted into the package."""

    duplicates: Literal["keep", "drop"] = "keep"
    """Rows equal in every feature and label, beyond the first."""
    ranges: dict[str, tuple[float | None, float | None]] = Field(default={})
    """`view:feature` -> what it may be; a value outside is inconsistent, is counted, and counts as missing."""
    missing: Literal["as_is", "median", "model", "exclude"] = "as_is"
    """`model`: predicted from the other features; `exclude`: a row with one is not learned from (median online)."""
    indicator: bool = False
    """A column more per feature that can be missing: 1 where it was."""
    scale: Literal["none", "minmax", "zscore", "robust", "quantile"] = "none"
    categories: Literal["index", "onehot", "target", "hashed"] = "index"
    buckets: int = Field(default=32, ge=2)
    """Of the hashed encoding; 2,048 at most."""
    weights: dict[str, float] = Field(default={})
    """`view:feature` -> by how much its prepared columns are multiplied (its say in a distance); 1 by default."""
    leave_out: tuple[str, ...] = ()
    """`view:feature`: in the service, and not read by the model."""
    derive: tuple[Derived, ...] = ()

    @field_validator("buckets")
    @classmethod
    def _carried(cls, found: int) -> int:
        if found > MOST_BUCKETS:
            raise ValueError(
                f"{MOST_BUCKETS:,} are the most, since a package holds a number for each bucket and column "
                f"({MOST_NUMBERS:,} in one table)"
            )
        return found


class Search(Section):
    """A range of one parameter of the algorithm's section."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


class Tuning(Section):
    """A search by Optuna on validation folds; resumable, a budget in trials."""

    trials: int = Field(ge=1, le=10_000)
    parameters: dict[str, Search] = Field(min_length=1)
    """`trees`, `parameters.learning_rate`: a key of the algorithm's section -> its range."""


class Protected(Section):
    """An attribute fairness is measured over; the model need not read it. A bare string in the file is its feature."""

    feature: str
    """`view:feature`."""
    edges: tuple[float, ...] | None = Field(default=None, min_length=1, max_length=19)
    """Of a number: where its bands end, ascending, a value on an edge in the band above. Without them its quartiles."""

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        edges = self.edges or ()
        if any(low >= high for low, high in pairwise(edges)):
            raise ValueError(f"edges should be numbers that rise ({', '.join(f'{edge:g}' for edge in edges)} do not)")
        return self


class Judgement(Section):
    """What else the evaluation looks at."""

    folds: int = Field(default=5, ge=2, le=20)
    resamples: int = Field(default=200, ge=50, le=10_000)
    """Of every bootstrap interval; 95 %."""
    protected: tuple[Protected, ...] = ()
    prune: bool = False
    """Leave out features that do not pay, and show what that changed."""
    drift_windows: int = Field(default=0, ge=0, le=52)
    """Earlier instants, `drift_step_days` apart, at which clusters are found again and compared."""
    drift_step_days: int = Field(default=14, ge=1, le=3_650)

    @field_validator("protected", mode="before")
    @classmethod
    def _protected(cls, found: Any) -> Any:
        if not isinstance(found, list | tuple):
            return found
        return [{"feature": each} if isinstance(each, str) else each for each in found]

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [each.feature for each in self.protected]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"protected names {', '.join(twice)} twice")
        return self


class Gate(Section):
    """What a metric must be, and what happens otherwise. A bare number in the file is `at_least`, else `reject`."""

    at_least: float | None = None
    at_most: float | None = None
    otherwise: Literal["hold", "reject"] = "reject"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("needs at_least or at_most, not both")
        return self


class Definition(Section):
    """One segmenter."""

    name: Key
    description: str
    feature_service: str
    algorithm: SerializeAsAny[ClusterSection | LabelSection]
    """The section of the algorithm its `kind` names: `training/algorithms`."""
    prepare: Preparation = Preparation()
    balance: Literal["none", "class_weights", "smote", "under"] = "class_weights"
    """Of rare classes, inside training rows only; supervised only."""
    tune: Tuning | None = None
    judge: Judgement = Judgement()
    label: Label | None = None
    split: Split | None = None
    baseline: RecencyBaseline | None = None
    fallback: tuple[Key, ...] = Field(min_length=1)
    """The segment of unknown users: the first of these that the trained vocabulary has."""
    gates: dict[str, Gate] = Field(default={})
    """Metric -> what it must be."""
    seed: int = Field(default=7, ge=0, le=2_000_000_000)
    """Every library takes so many; a few are counted up from it."""

    @field_validator("algorithm", mode="before")
    @classmethod
    def _section(cls, found: Any) -> Any:
        if not isinstance(found, dict):
            raise ValueError("is a section: kind, and the keys of that algorithm")
        return section_of(found.get("kind")).model_validate(found)

    @field_validator("gates", mode="before")
    @classmethod
    def _gates(cls, found: Any) -> Any:
        if not isinstance(found, dict):
            return found
        for name, gate in found.items():
            if not (_is_number(gate) or isinstance(gate, dict | Gate)):
                raise ValueError(f"{name} is {gate!r}; a gate is a number, {{at_least: x}} or {{at_most: x}}")
        return {name: {"at_least": gate} if _is_number(gate) else gate for name, gate in found.items()}

    @property
    def supervised(self) -> bool:
        """Whether there are labels."""
        return isinstance(self.algorithm, LabelSection)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        supervised = self.supervised
        if supervised != (self.label is not None) or supervised != (self.split is not None):
            raise ValueError("label and split belong to a supervised algorithm, and it needs both")
        if self.label is not None and bool(self.label.classes) == bool(self.algorithm.segments):
            raise ValueError("a supervised segmenter's segments are algorithm.bands or label.classes, one of them")
        if idle := [key for key, declared in self._of_the_other_kind() if declared]:
            does = (
                "finds clusters" if self.label is None else "learns classes" if self.label.classes else "learns labels"
            )
            kind = f"{self.algorithm.kind}, which {does}"
            raise ValueError(f"{', '.join(idle)}: nothing of {kind}, would heed it; take it out")
        keys = self.segment_keys
        if len(set(keys)) != len(keys):
            raise ValueError("a segment key is used twice")
        if unknown := set(self.fallback) - set(keys):
            raise ValueError(f"fallback names no segment of this file: {', '.join(sorted(unknown))}")
        return self

    def _of_the_other_kind(self) -> Iterator[tuple[str, bool]]:
        """What only the other kind of algorithm reads, and whether it is in the file."""
        if self.supervised:
            yield "judge.drift_windows", self.judge.drift_windows > 0
            # Recency ranks two classes; what it says of several is nobody's rule.
            yield "baseline", self.baseline is not None and bool(self.label and self.label.classes)
            return
        yield "balance", self.balance != type(self).model_fields["balance"].default
        yield "tune", self.tune is not None
        yield "baseline", self.baseline is not None
        yield "judge.protected", bool(self.judge.protected)
        yield "judge.prune", self.judge.prune

    @property
    def segments(self) -> tuple[SegmentText, ...]:
        """Every segment this segmenter may ever give."""
        return self.algorithm.segments or (self.label.classes if self.label is not None else ())

    @property
    def segment_keys(self) -> list[str]:
        """Their keys."""
        return [segment.key for segment in self.segments]

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
    """Read and check one file. Raises DefinitionInvalid."""
    if name not in (declared := list_definitions(folder)):
        raise DefinitionInvalid(f"no file declares a segmenter {name!r}; declared: {', '.join(declared) or 'none'}")
    path = folder / f"{name}.yaml"
    try:
        definition = Definition.model_validate(_read(path))
    except ValidationError as error:
        raise DefinitionInvalid(f"{path.name}: {_explain(error)}") from None
    if definition.name != name:
        raise DefinitionInvalid(f"{path.name} declares {definition.name!r}; file and name should agree")
    return definition


class _OnceLoader(yaml.SafeLoader):
    """YAML in which a key is written once: of two, PyYAML takes the last and says nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        written = set[str]()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in written and key.value != "<<":
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is written twice", key.start_mark)
            if isinstance(key, yaml.ScalarNode):
                written.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _OnceLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise DefinitionInvalid(f"{path.name} is not YAML: {' '.join(str(error).split())}") from None


def _is_number(found: Any) -> bool:
    """YAML's `yes` is none, though Python counts with it."""
    return isinstance(found, int | float) and not isinstance(found, bool)


def _explain(error: ValidationError) -> str:
    faults = []
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"] if part != "[key]") or "the file"
        known = _no_key(str(fault["loc"][-1])) if fault["type"] == "extra_forbidden" else _said(fault["msg"])
        faults.append(f"{where}: {known}")
    return "; ".join(faults)


def _said(message: str) -> str:
    """As it goes on after the place; what it quotes of the file stays as it was written."""
    message = re.sub(r"valid dictionary or instance of \w+", "group of keys", message.removeprefix("Value error, "))
    return message[:1].lower() + message[1:]


def _no_key(name: str) -> str:
    near = get_close_matches(name, sorted(set(_keys(Section))), n=1)
    return "is not a key of a segmenter" + (f"; did you mean {near[0]}?" if near else "")


def _keys(section: type[Section]) -> Iterator[str]:
    """Of the section and of all that are made from it: every key a file may have somewhere."""
    yield from section.model_fields
    for each in section.__subclasses__():
        yield from _keys(each)
