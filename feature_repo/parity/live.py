"""The online state as it is now, against the history: sampled users, every windowed feature. Without Feast."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource, connect
from feature_repo.offline.windowed import windowed_at
from feature_repo.online.stored import MAX_HOPS, stored_layout
from feature_repo.parity.compare import Difference, Sides, Values, compare
from feature_repo.parity.measure import history_source
from strata.features.fold import header_of, target_of
from strata.features.plan import compile_view
from strata.features.reader import Reader, compile_reader
from strata.registry import read_catalog
from strata.settings import Settings
from strata.state import open_state
from streaming.fold.positions import read_positions
from streaming.log.partition import partition_of

if TYPE_CHECKING:
    from strata.features.layout import Layout
    from strata.state import State

Stored = list[list[bytes | None]]
_AGAIN_S: Final = 2.0
"""A difference counts when it is still there after so long: an event may be between two partitions."""


@dataclass(frozen=True)
class LiveParity:
    """One look. The counts are of values."""

    t_us: int
    sampled: int
    compared: int
    """Users whose rows held nothing that the history did not, and that stood still meanwhile."""
    features: int
    values: int
    differences: int
    by_feature: dict[str, int]
    first: dict[str, Difference]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Every field."""
        return asdict(self)


class LiveSample:
    """Compares sampled users of one home, again and again."""

    def __init__(self, settings: Settings, state: State) -> None:
        self._settings, self._state = settings, state
        self._catalog = read_catalog(settings.registry)
        self._specs = [
            v.spec for v in sorted(self._catalog.views.values(), key=lambda v: v.name) if v.kind == "windowed"
        ]
        self._source = history_source(settings, self._catalog)
        self._clock = settings.make_clock()
        self._names = [f"{spec.name}:{name}" for spec in self._specs for name in spec.names]

    def look(self, pairs: int, seed: int) -> LiveParity:
        """Compare about so many users at now; the same seed picks the same users of the same history."""
        began = time.perf_counter()
        users = _users(self._source, pairs, seed)
        found = self._compare(users)
        if found.differences:
            time.sleep(_AGAIN_S)
            found = self._compare(users)
        seconds = round(time.perf_counter() - began, 3)
        return LiveParity(**{**vars(found), "sampled": len(users), "seconds": seconds})

    def _compare(self, users: Sequence[str]) -> LiveParity:
        defined = self._catalog.tables()
        reader = self._reader(defined)
        book = self._source.aliases()
        family = {user: _family(book.groups(), book.chain(user), user) for user in users} if book else {}
        everyone = sorted({*users, *(name for names in family.values() for name in names)})
        stored = self._state.read_views(reader.tables, everyone)
        t_us = self._clock.now_us()
        positions = read_positions(self._settings.history)
        rows = {name: [held[at] for held in stored] for at, name in enumerate(everyone)}
        still = [user for user in users if all(self._covered(n, rows[n], positions) for n in family.get(user, [user]))]
        asked = Asked(np.array(still, dtype=object), np.full(len(still), t_us, dtype=np.int64))
        definitions = [field.definition for spec in self._specs for field in spec.fields]
        offline = windowed_at(self._source, definitions, asked, as_known=True).values
        after = self._state.read_views(reader.tables, everyone)
        changed = {n for at, n in enumerate(everyone) if [held[at] for held in after] != rows[n]}
        kept = [i for i, user in enumerate(still) if changed.isdisjoint(family.get(user, [user]))]
        ends = [_end(rows, still[i]) for i in kept]
        online: Values = reader.many([[rows[end][k] for end in ends] for k in range(len(reader.tables))], t_us).values
        nothing, none = np.empty((0, len(definitions))), np.array([], dtype=np.intp)
        asked = Asked(asked.users[kept], asked.t_us[kept])
        found = compare(self._names, asked, Sides(online, offline[kept], nothing, none))
        return LiveParity(
            t_us, len(users), len(kept), found.features, found.values, found.differences, found.by_feature,
            found.first, 0.0,
        )  # fmt: skip

    def _reader(self, defined: Mapping[str, Layout]) -> Reader:
        layouts = {table: stored_layout(self._state, table, defined) for table in defined}
        table_of = {spec.name: self._catalog.table_of(spec.name) for spec in self._specs}
        known = {table: layout for table, layout in layouts.items() if layout is not None}
        return compile_reader([compile_view(spec) for spec in self._specs], known, table_of)

    def _covered(self, user: str, rows: Sequence[bytes | None], positions: Mapping[int, int]) -> bool:
        """Whether the history holds every event of the user's rows."""
        reached = positions.get(partition_of(user, self._settings.log.partitions), 0)
        return all(row is None or header_of(row).log_position < reached for row in rows if not _without_log(row))


def sample_live(settings: Settings, pairs: int, seed: int) -> LiveParity:
    """One look at a home."""
    with open_state(settings.state_address, readonly=True) as state:
        return LiveSample(settings, state).look(pairs, seed)


def _without_log(row: bytes | None) -> bool:
    return row is None or header_of(row).log_position < 0


def _family(groups: Mapping[str, Sequence[str]], chain: Sequence[str], user: str) -> list[str]:
    """Everybody who is the same user by now, and those in between."""
    end = chain[-1] if chain else user
    return [end, *groups.get(end, [])]


def _end(rows: Mapping[str, Sequence[bytes | None]], user: str) -> str:
    for _ in range(MAX_HOPS):
        target = next((t for row in rows[user] if row is not None and (t := target_of(row)) is not None), None)
        if target is None or target not in rows:
            break
        user = target
    return user


def _users(source: ParquetSource, count: int, seed: int) -> list[str]:
    with connect() as connection:
        users = connection.execute(f"SELECT DISTINCT user_id FROM {source.scan()} ORDER BY 1").fetchall()
    chosen = np.random.default_rng(seed).choice(len(users), min(count, len(users)), replace=False)
    return [users[i][0] for i in sorted(chosen.tolist())]
