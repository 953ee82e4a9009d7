"""Who was known when, and who did what: the history as labels need it, read by DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from strata.clock import format_instant
from strata.errors import InputInvalid
from training.history_columns import check_columns

Instants = NDArray[np.int64]
MEASURES: Final = MappingProxyType(
    {
        "events": "count(*)",
        "days": "count(DISTINCT event_time::DATE)",
        "total_value": "coalesce(sum(value), 0) / 100",  # cents in the history, whole units here
        "total_quantity": "coalesce(sum(quantity), 0)",
    }
)
"""What `Label.measure` may name, as SQL over a user's events in a window."""


@dataclass(frozen=True)
class LabelledUsers:
    """Pairs (user, label instant) and what their label windows hold, ordered by instant, then user."""

    users: list[str]
    times_us: Instants
    measured: NDArray[np.float64]
    """The measure over the window's events; 0 where there are none."""

    @property
    def labels(self) -> NDArray[np.int8]:
        """1 where the window holds more than nothing."""
        return (self.measured > 0).astype(np.int8)

    def classes(self, edges: Sequence[float]) -> NDArray[np.int8]:
        """The position of each pair's class: how many edges the measure has reached."""
        return np.searchsorted(np.asarray(edges), self.measured, side="right").astype(np.int8)


@dataclass(frozen=True)
class History:
    """`history/events`, contract 1. With `since_us`, only users, labels and dates from then on: a sliding window.

    Features are no business of it: a feature at t is what it is online at t, from all that happened before.
    """

    folder: Path
    since_us: int | None = None

    def first_event_us(self) -> int:
        """When the oldest event happened, and not before `since_us`. Raises InputInvalid when there is none."""
        found = self._query("SELECT epoch_us(min(event_time)) AS first FROM events HAVING count(*) > 0")["first"]
        if self.since_us is None:
            return int(found[0])
        if not len(found):
            raise InputInvalid(f"there is no event since {format_instant(self.since_us)}; look further back")
        return max(int(found[0]), self.since_us)

    def event_types(self) -> list[str]:
        """Those that events have, sorted."""
        return [str(each) for each in self._query("SELECT DISTINCT event_type FROM events ORDER BY 1")["event_type"]]

    def known_users(self, at_us: int) -> list[str]:
        """Users with an event that had happened and was recorded by then, sorted."""
        found = self._query(
            "SELECT DISTINCT user_id FROM events WHERE event_time <= make_timestamptz($at) "
            "AND recorded_at <= make_timestamptz($at) ORDER BY user_id",
            at=at_us,
        )
        return [str(user) for user in found["user_id"]]

    def labelled(
        self, times_us: Sequence[int], event_type: str, horizon_us: int, as_of_us: int, measure: str = "events"
    ) -> LabelledUsers:
        """Every user known at each instant, and the measure of their events of the type in (t, t + horizon].

        Labels use what was recorded by `as_of_us`; `t + horizon <= as_of_us` is the caller's to see to.
        """
        known = (
            "first_known AS (SELECT user_id, min(greatest(event_time, recorded_at)) AS since FROM events GROUP BY 1)"
        )
        found = self._query(
            f"WITH {known}, instants AS (SELECT make_timestamptz(unnest($times::BIGINT[])) AS t), "
            "asked AS (SELECT t, user_id FROM instants, first_known WHERE since <= t), "
            f"hits AS (SELECT t, user_id, ({MEASURES[measure]})::DOUBLE AS measured "
            "FROM instants JOIN events ON event_type = $type AND event_time > t "
            "AND event_time <= t + to_microseconds($horizon) AND recorded_at <= make_timestamptz($as_of) "
            "GROUP BY t, user_id) "
            "SELECT epoch_us(a.t) AS at, a.user_id, coalesce(h.measured, 0) AS measured "
            "FROM asked a LEFT JOIN hits h USING (t, user_id) ORDER BY a.t, a.user_id",
            times=list(times_us), type=event_type, horizon=horizon_us, as_of=as_of_us,
        )  # fmt: skip
        return LabelledUsers(
            [str(user) for user in found["user_id"]],
            np.asarray(found["at"], dtype=np.int64),
            np.asarray(found["measured"], dtype=np.float64),
        )

    @cached_property
    def _checked(self) -> Path:
        """The folder, once its files were looked at."""
        check_columns(self.folder)
        return self.folder

    def _query(self, sql: str, **parameters: object) -> dict[str, NDArray[np.generic]]:
        if not any((self.folder / "events").glob("month=*/*.parquet")):
            raise InputInvalid(f"there are no events in {self.folder}; run: strata events import PATH --mapping FILE")
        pattern = str(self._checked / "events" / "month=*" / "*.parquet").replace("'", "''")
        window = "" if self.since_us is None else f" WHERE event_time >= make_timestamptz({self.since_us})"
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'; SET threads = 2; SET enable_progress_bar = false")
            try:
                connection.execute(
                    f"CREATE VIEW events AS SELECT * FROM read_parquet('{pattern}', hive_partitioning = false){window}"
                )
                return dict(connection.execute(sql, parameters or None).fetchnumpy())
            except duckdb.Error as fault:
                said = str(fault).strip().partition("\n")[0]
                raise InputInvalid(f"the history in {self.folder} cannot be read: {said}; restore that file") from fault
