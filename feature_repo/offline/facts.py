"""Row views at a point in time: the newest fact known then, unless it has expired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource, connect, named
from feature_repo.offline.identities import canonical_users

if TYPE_CHECKING:
    import pyarrow as pa


def facts_at(
    source: ParquetSource,
    columns: Sequence[str],
    ttl_us: int,
    asked: Asked,
    *,
    as_known: bool,
    of: Sequence[str] | None = None,
) -> pa.Table:
    """One row per asked row, in its order: the columns of the newest fact, null where there is none.

    A fact counts at t when `event_time <= t`, not older than `ttl_us` (0: no limit; both ends included), and,
    when `as_known`, recorded by then. Ties of `event_time` go to the one recorded last. One without any of the
    view's columns (`of`; those asked for by default) says nothing of it. A user who became another has the facts of
    that one.
    """
    import pyarrow as pa

    asked = canonical_users(source.aliases(), asked, as_known=as_known)
    told = " OR ".join(f"{named(name)} IS NOT NULL" for name in of or columns)
    rows = pa.table({"i": np.arange(len(asked)), "u": pa.array(asked.users, pa.string()), "t": asked.t_us})
    with connect() as connection:
        if not source.exists():
            return pa.table({name: pa.nulls(len(asked)) for name in columns})
        connection.register("asked", rows)
        picked = ", ".join(f"f.{named(name)}" for name in columns)
        return connection.sql(
            f"""
            WITH fact AS (
                SELECT *, user_id AS u, epoch_us({named(source.event_time)}) AS ts,
                       epoch_us({named(source.recorded_at)}) AS rec
                FROM {source.scan()} SEMI JOIN asked ON asked.u = user_id WHERE {told}
            ), best AS (
                SELECT a.i, {picked}
                FROM asked a JOIN fact f ON f.u = a.u AND f.ts <= a.t
                    {"AND f.rec <= a.t" if as_known else ""}
                    {f"AND f.ts >= a.t - {ttl_us}" if ttl_us else ""}
                QUALIFY row_number() OVER (PARTITION BY a.i ORDER BY f.ts DESC, f.rec DESC) = 1
            )
            SELECT {", ".join(f"best.{named(name)}" for name in columns)}
            FROM asked LEFT JOIN best USING (i) ORDER BY asked.i
            """
        ).to_arrow_table()
