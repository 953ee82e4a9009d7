"""Rows that cannot be learned from, met before any long work: a sentence for each way."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from strata.errors import InputInvalid
from training.definition import Definition
from training.labels.learn import class_count
from training.prepare.identifiers import identifier_reason
from training.prepare.names import check_names, sources
from training.prepare.settled import settled_for
from training.rows import FeatureSchema, Part, TrainingRows


def check_rows(definition: Definition, schema: FeatureSchema, rows: TrainingRows) -> None:
    """Raise InputInvalid, or DefinitionInvalid where the file and the service's features do not go together."""
    check_names(definition, schema)
    check_labels(definition, rows)
    _refuse(definition, _columns(definition, schema, rows))
    _refuse(definition, _bands(definition, schema, rows))


def check_labels(definition: Definition, rows: TrainingRows) -> None:
    """Raise InputInvalid where parts lack rows or classes, or are one user's; features are not looked at."""
    _refuse(definition, _too_few(definition, rows))


def _refuse(definition: Definition, faults: Iterator[str]) -> None:
    if found := [*faults]:
        raise InputInvalid(f"{definition.name}: {'; '.join(found)}")


def _too_few(definition: Definition, rows: TrainingRows) -> Iterator[str]:
    wanted = class_count(definition) if definition.supervised else 0
    for role, part in _parts(rows):
        found = len(np.unique(part.labels))
        if not len(part.values):
            yield f"there are no {role} rows; import a longer history"
        elif found < wanted:
            told = "one class only" if found == 1 else f"{found} of {wanted} classes"
            yield f"the {role} rows hold {told}; import a longer history"
    users = rows.train.users
    if (len(rows.train.values) if users is None else len(np.unique(users))) == 1:
        yield "the training rows are one user's; what is common to users is learned from many"


def _columns(definition: Definition, schema: FeatureSchema, rows: TrainingRows) -> Iterator[str]:
    train, read = rows.train, _read(definition, schema)
    reads_gaps = definition.supervised and settled_for(definition, schema).preparation.missing == "as_is"
    for i, feature in enumerate(schema.features):
        if feature.key not in read:
            continue
        column, category = train.values[:, i], feature.dtype == "string"
        if not reads_gaps and np.isnan(column).all():
            yield (
                f"{feature.key} has no value in any of {len(column):,} training rows; materialise its view, or leave "
                "it out (prepare.leave_out)"
            )
        reason = identifier_reason(column, train.users, category=category)
        if reason is not None:
            yield f"{feature.key} {reason}: it says who a user is and nothing of the next; leave it out"


def _bands(definition: Definition, schema: FeatureSchema, rows: TrainingRows) -> Iterator[str]:
    """Edges of a protected attribute between which nobody is, of the rows that will be judged by them."""
    for each in definition.judge.protected:
        if each.edges is None or rows.test is None:
            continue
        column = rows.test.values[:, schema.keys.index(each.feature)]
        known = column[~np.isnan(column)]
        if len(known) and len(np.unique(np.searchsorted(each.edges, known, side="right"))) == 1:
            yield (
                f"judge.protected: the values of {each.feature} ({known.min():g} to {known.max():g} in the test rows) "
                f"lie in one band of its edges ({', '.join(f'{edge:g}' for edge in each.edges)}), so no groups can be "
                "compared; give edges between them"
            )


def _read(definition: Definition, schema: FeatureSchema) -> set[str]:
    prepare = definition.prepare
    return (set(schema.keys) - set(prepare.leave_out)) | {key for each in prepare.derive for key in sources(each)}


def _parts(rows: TrainingRows) -> Iterator[tuple[str, Part]]:
    yield "training", rows.train
    if rows.validation is not None:
        yield "validation", rows.validation
    if rows.test is not None:
        yield "test", rows.test
