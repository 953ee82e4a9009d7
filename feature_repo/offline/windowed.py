"""Windowed features exact at each row's own instant, from the whole history.

A value is made of cells, one per (partial, window). SQL counts the cells; the formula is the kernel's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.cells import NEWEST, CellQuery, Cells, Ints, Window
from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource, connect
from feature_repo.offline.identities import Identities, identities
from strata.features.definition import WindowDefinition
from strata.features.functions import lower
from strata.features.functions.partials import Formula, Partial

EVENTS_AT_A_TIME: Final = 500_000
"""With what is worked out of them, about 500 bytes each."""
QUESTIONS_AT_A_TIME: Final = 50_000


@dataclass(frozen=True)
class Found:
    """`values` float64 [n, f] with NaN where missing."""

    values: NDArray[np.float64]
    seen: NDArray[np.bool_]
    """Rows whose user had any event by then; the others are missing throughout."""


def windowed_at(
    source: ParquetSource, definitions: Sequence[WindowDefinition], asked: Asked, *, as_known: bool
) -> Found:
    """The value of each definition for each asked row, in its order.

    `as_known` counts an event at t only when it was also recorded by t: what the online state could have held.
    """
    if not len(asked) or not source.exists():
        return Found(np.full((len(asked), len(definitions)), np.nan), np.zeros(len(asked), dtype=np.bool_))
    who = identities(source.aliases(), asked, as_known=as_known)
    values = np.full((len(asked), len(definitions)), np.nan)
    seen = np.zeros(len(asked), dtype=np.bool_)
    for rows in _chunks(source, who):
        names = who.names[rows]
        members = {name: who.users(name) for name in np.unique(names.astype(str)).tolist()}
        part = _answer(source, definitions, Asked(names, asked.t_us[rows]), members, as_known=as_known)
        values[rows], seen[rows] = part.values, part.seen
    return Found(values, seen)


def _answer(
    source: ParquetSource,
    definitions: Sequence[WindowDefinition],
    asked: Asked,
    members: Mapping[str, Sequence[str]],
    *,
    as_known: bool,
) -> Found:
    formulas = [lower(definition) for definition in definitions]
    windows = list(dict.fromkeys((definition.window_us, definition.hop_us) for definition in definitions))
    with connect() as connection:
        query = CellQuery(connection, source, asked, members, windows, as_known=as_known)
        cells = query.cells(_wanted(formulas, definitions))
        seen = query.seen()
    columns = [
        _value(formula, (definition.window_us, definition.hop_us), cells, asked.t_us)
        for formula, definition in zip(formulas, definitions, strict=True)
    ]
    values = np.column_stack(columns)
    values[~seen] = np.nan
    return Found(values, seen)


def _chunks(source: ParquetSource, who: Identities) -> Iterator[NDArray[np.intp]]:
    """The rows, a bounded number of events and questions at a time; all questions about one name together."""
    names, name_of, questions = np.unique(who.names.astype(str), return_inverse=True, return_counts=True)
    counts = _event_counts(source, {user for name in names.tolist() for user in who.users(name)})
    number, events, asked = np.zeros(len(names), dtype=np.int64), 0, 0
    at = 0
    for i, name in enumerate(names.tolist()):
        more = sum(counts.get(user, 0) for user in who.users(name))
        if asked and (events + more > EVENTS_AT_A_TIME or asked + questions[i] > QUESTIONS_AT_A_TIME):
            at, events, asked = at + 1, 0, 0
        number[i], events, asked = at, events + more, asked + int(questions[i])
    chunk = number[name_of]
    for i in range(at + 1):
        yield np.flatnonzero(chunk == i)


def _event_counts(source: ParquetSource, users: Set[str]) -> dict[str, int]:
    import pyarrow as pa

    with connect() as connection:
        connection.register("who", pa.table({"user": pa.array(sorted(users), pa.string())}))
        found = connection.execute(
            f"SELECT user_id, count(*) FROM {source.scan()} SEMI JOIN who ON who.user = user_id GROUP BY 1"
        ).fetchall()
    return dict(found)


def _wanted(formulas: Sequence[Formula], definitions: Sequence[WindowDefinition]) -> dict[Partial, list[Window]]:
    """Each partial and the windows it is needed over."""
    wanted: dict[Partial, dict[Window, None]] = {}
    for formula, definition in zip(formulas, definitions, strict=True):
        for partial in (formula.numerator, formula.denominator, formula.presence):
            if partial is not None:
                wanted.setdefault(partial, {})[(definition.window_us, definition.hop_us)] = None
    return {partial: list(windows) for partial, windows in wanted.items()}


def _value(formula: Formula, window: Window, cells: Cells, t_us: Ints) -> NDArray[np.float64]:
    def cell(partial: Partial) -> Ints:
        return cells[(partial, None if partial.kind in NEWEST else window)]

    numerator = cell(formula.numerator)
    if formula.age:
        numerator = t_us - numerator
    denominator = np.ones(len(t_us)) if formula.denominator is None else cell(formula.denominator).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        value: NDArray[np.float64] = numerator.astype(np.float64) / (denominator * float(formula.scale))
    if formula.presence is not None:
        value[cell(formula.presence) == 0] = np.nan
    return value
