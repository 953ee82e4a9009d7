"""From a definition and a clock to the rows an algorithm learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from strata.clock import format_instant, parse_instant
from strata.errors import InputInvalid
from strata.runtime import DataWindow
from training.definition import Definition
from training.earlier import earlier_users, split_earlier, with_earlier
from training.history import History, LabelledUsers
from training.labels.event_types import check_event_type
from training.labels.schedule import Schedule, lay_out
from training.prepare.door import check_labels
from training.prepare.names import check_names
from training.reader import FeatureReader
from training.rows import EarlierRows, FeatureSchema, Floats, Part, TrainingRows
from training.source_checks import source_checks


@dataclass(frozen=True)
class Known:
    """Every user known at an instant, with features as the reader has them then."""

    schema: FeatureSchema
    users: Sequence[str]
    values: Floats
    """[n, f], defaults still out."""
    at_us: int


@dataclass(frozen=True)
class Gathered:
    """Rows to learn from, the users of today as the reference sample, and what was read."""

    rows: TrainingRows
    reference: Floats
    """Every user known at the clock, features at the clock as the reader has them: [n, f]."""
    window: DataWindow
    users: Sequence[str] = ()
    """Whose those features are; empty where rows are of no user."""

    @property
    def known(self) -> Known:
        """The reference as users at the clock."""
        return Known(self.rows.schema, self.users, self.reference, parse_instant(self.window.as_of))


def gather(definition: Definition, reader: FeatureReader, history: History, as_of_us: int) -> Gathered:
    """Read everything a training needs, in one point-in-time join."""
    schema = reader.schema(definition.feature_service)
    check_names(definition, schema)
    users = history.known_users(as_of_us)
    if not users:
        raise InputInvalid(f"no user was known at {format_instant(as_of_us)}; is the clock before the history?")
    if definition.label is None or definition.split is None:
        earlier = earlier_users(definition.judge, history, users, as_of_us)
        everyone, instants = with_earlier(users, as_of_us, earlier)
        values, *before = split_earlier(read_features(reader, schema, everyone, instants), len(users), earlier)
        part = Part(with_defaults(schema, values), np.zeros(len(values), dtype=np.int8), np.array(users))
        window = _window(history.first_event_us(), as_of_us, as_of_us)
        then = tuple(
            EarlierRows(one.as_of_us, with_defaults(schema, each), one.places)
            for one, each in zip(earlier, before, strict=True)
        )
        return Gathered(TrainingRows(schema, part, earlier=then), values, window, users)
    label = definition.label
    plan = lay_out(
        as_of_us, label.horizon_days, definition.split, history.first_event_us(), cut=history.since_us is not None
    )
    times = (*plan.train, *plan.validation, *plan.test)
    check_event_type(definition, history)
    asked = history.labelled(times, label.event_type, plan.horizon_us, as_of_us, label.measure)
    # Labels take a second to read, features minutes.
    check_labels(definition, _parts(definition, schema, np.empty((len(asked.users), 0)), asked, plan))
    everyone = [*asked.users, *users]
    instants = np.concatenate([asked.times_us, np.full(len(users), as_of_us)])
    values = read_features(reader, schema, everyone, instants)
    rows = _parts(definition, schema, with_defaults(schema, values[: len(asked.users)]), asked, plan)
    rows = replace(rows, checks=source_checks(definition, schema, reader, history, plan))
    window = _window(times[0], times[-1] + plan.horizon_us, as_of_us)
    return Gathered(rows, values[len(asked.users) :], window, users)


def read_known(reader: FeatureReader, schema: FeatureSchema, history: History, at_us: int) -> Known:
    """Every user known at an instant. Raises InputInvalid when there is none."""
    users = history.known_users(at_us)
    if not users:
        raise InputInvalid(f"no user was known at {format_instant(at_us)}; is the clock before the history?")
    return Known(schema, users, read_features(reader, schema, users, np.full(len(users), at_us)), at_us)


def read_features(
    reader: FeatureReader, schema: FeatureSchema, users: list[str], times_us: NDArray[np.int64]
) -> Floats:
    """[n, f] with the service's defaults still out, as a package is sent them."""
    values = reader.matrix(schema.service, users, times_us)
    if values.shape != (len(users), len(schema.features)):
        raise InputInvalid(f"the training set of {schema.service} has shape {values.shape}, not users by features")
    return values


def with_defaults(schema: FeatureSchema, values: Floats) -> Floats:
    """[n, f] with what the service puts in a missing value's place, as a package fills it in online."""
    defaults = np.array([np.nan if feature.default is None else feature.default for feature in schema.features])
    return values if np.isnan(defaults).all() else np.where(np.isnan(values), defaults, values)


def _parts(
    definition: Definition, schema: FeatureSchema, values: Floats, asked: LabelledUsers, plan: Schedule
) -> TrainingRows:
    assert definition.label is not None
    labels = asked.classes(definition.label.edges) if definition.label.classes else asked.labels
    whole = Part(values, labels, np.array(asked.users), asked.times_us)

    def part(times: tuple[int, ...]) -> Part:
        return whole.chosen(np.isin(asked.times_us, times))

    return TrainingRows(schema, part(plan.train), part(plan.validation), part(plan.test), plan.statement)


def _window(first_us: int, last_us: int, as_of_us: int) -> DataWindow:
    return DataWindow(format_instant(first_us), format_instant(last_us), format_instant(as_of_us))
