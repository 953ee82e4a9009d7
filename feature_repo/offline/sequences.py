"""Cells that depend on the order of events: sessions, and the newest events. In numpy, user by user.

Written against the meaning, not the kernel's code: what was known at an instant is put in order anew for each question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.conditions_sql import where_sql
from feature_repo.offline.frame import Asked
from feature_repo.offline.partial_sql import kept
from strata.features.definition import EVENT
from strata.features.functions.partials import Partial, PartialKind, Slot
from strata.features.matching import hash64
from strata.features.sessions import pause_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Ints = NDArray[np.int64]
Window = tuple[int, int]
Keys = Sequence[tuple[Partial, Window]]
SESSION_KINDS: Final = (PartialKind.SESSIONS, PartialKind.SESSION_TIME, PartialKind.SESSION_EVENTS)
KINDS: Final = (*SESSION_KINDS, PartialKind.RECENT)
_NULL: Final = -1
_PARTS: Final = {"type": 1, "item": 2, "category": 3}


def sequence_cells(
    db: DuckDBPyConnection, asked: Asked, starts: Mapping[Window, Ints], wanted: Keys, *, as_known: bool
) -> dict[tuple[Partial, Window | None], Ints]:
    """The cells of these (partial, window) for each asked row; `starts` is where each row's windows begin."""
    cells: dict[tuple[Partial, Window | None], Ints] = {key: np.zeros(len(asked), dtype=np.int64) for key in wanted}
    for stored in dict.fromkeys(partial.stored for partial, _ in wanted):
        keys = [key for key in wanted if key[0].stored == stored]
        if stored.kind is PartialKind.RECENT:
            _recent(db, asked, starts, stored, keys, cells=cells, as_known=as_known)
        else:
            _sessions(db, asked, starts, stored, keys, cells=cells, as_known=as_known)
    return cells


def _sessions(
    db: DuckDBPyConnection,
    asked: Asked,
    starts: Mapping[Window, Ints],
    stored: Partial,
    keys: Keys,
    *,
    cells: dict[tuple[Partial, Window | None], Ints],
    as_known: bool,
) -> None:
    name = "0" if stored.of == EVENT else kept(Partial(PartialKind.IDS, stored.of, ()))
    pause_us, windows = pause_of(stored.of), list(dict.fromkeys(window for _, window in keys))
    for row, (ids, ts) in _known(db, asked, stored, [name, "ts"], "k0, ts", as_known=as_known):
        begins = np.concatenate([[True], (ids[1:] != ids[:-1]) | (ts[1:] - ts[:-1] > pause_us)])
        first = np.flatnonzero(begins)
        last = np.append(first[1:], len(ts)) - 1
        for window in windows:
            inside = ts[last] >= starts[window][row]
            found = {
                PartialKind.SESSIONS: inside.sum(),
                PartialKind.SESSION_TIME: (ts[last] - ts[first])[inside].sum(),
                PartialKind.SESSION_EVENTS: (last - first + 1)[inside].sum(),
            }
            for partial, its_window in keys:
                if its_window == window:
                    cells[(partial, window)][row] = found[partial.kind]


def _recent(
    db: DuckDBPyConnection,
    asked: Asked,
    starts: Mapping[Window, Ints],
    stored: Partial,
    keys: Keys,
    *,
    cells: dict[tuple[Partial, Window | None], Ints],
    as_known: bool,
) -> None:
    keep = int(stored.of)
    columns = [kept(Partial(PartialKind.IDS, name, ())) for name in ("event_type", "item_id", "category")]
    picked = ["ts", *(f"coalesce(CAST({column} AS BIGINT), {_NULL})" for column in columns)]
    newest = np.full((4, keep, len(asked)), np.iinfo(np.int64).min)
    order = "k0 DESC, k1 DESC, k2 DESC, k3 DESC"
    for row, parts in _known(db, asked, stored, picked, order, as_known=as_known):
        for i, values in enumerate(parts):
            newest[i, : len(values[:keep]), row] = values[:keep]
    for partial, window in keys:
        assert partial.slot is not None  # every RECENT partial that is read has one
        if partial.slot.place < keep:
            cells[(partial, window)] = _slot(newest, partial.slot, starts[window])


def _slot(newest: Ints, slot: Slot, start: Ints) -> Ints:
    times = newest[0, slot.place]
    inside = times >= start
    if slot.part == "gap":
        before = times if slot.place == 0 else newest[0, slot.place - 1] - times
        value, there = before, inside
    else:
        value = newest[_PARTS[slot.part], slot.place]
        if slot.part == "type":
            places = {hash64(name) & 0xFFFFFFFF: i for i, name in enumerate(slot.types)}
            value = np.array([places.get(each, _NULL) for each in value.tolist()], dtype=np.int64)
        there = inside & (value != _NULL)
    return there.astype(np.int64) if slot.there else np.where(inside, value, 0)


def _known(
    db: DuckDBPyConnection, asked: Asked, stored: Partial, columns: Sequence[str], order: str, *, as_known: bool
) -> Iterator[tuple[int, list[Ints]]]:
    """Each asked row that has any, with the columns of its user's matching events that were known, in order."""
    picked = ", ".join(f"CAST({column} AS BIGINT) AS k{i}" for i, column in enumerate(columns))
    table = db.sql(
        f"SELECT u, ts, rec, {picked} FROM e WHERE {where_sql(stored.where)} "
        f"AND ({columns[0]}) IS NOT NULL ORDER BY u, {order}"
    ).to_arrow_table()
    coded = table.column("u").combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy()
    at = {user: i for i, user in enumerate(coded.dictionary.to_pylist())}
    bounds = np.searchsorted(codes, np.arange(len(at) + 1))
    ts, rec = (table.column(name).to_numpy() for name in ("ts", "rec"))
    values = [table.column(f"k{i}").to_numpy() for i in range(len(columns))]
    for row, (user, t_us) in enumerate(zip(asked.users.tolist(), asked.t_us.tolist(), strict=True)):
        if user not in at:
            continue
        own = slice(*bounds[at[user] : at[user] + 2])
        known = ts[own] <= t_us
        if as_known:
            known &= rec[own] <= t_us
        if known.any():
            yield row, [column[own][known] for column in values]
