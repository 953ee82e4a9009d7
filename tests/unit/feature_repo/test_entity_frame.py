"""Who and when is asked about: what a frame may hold."""

from __future__ import annotations

import pandas as pd
import pytest

from feature_repo.offline.frame import instants_us, users_of
from strata.errors import InputInvalid


def test_times_of_any_zone_are_microseconds_utc() -> None:
    """A time without a zone is UTC; nanoseconds below a microsecond are dropped."""
    column = pd.Series(pd.to_datetime(["2017-07-14T02:40:00.000001234Z"]))
    assert instants_us(column, "t").tolist() == [1_500_000_000_000_001]
    assert instants_us(pd.Series(pd.to_datetime(["2017-07-14T02:40:00"])), "t").tolist() == [1_500_000_000_000_000]
    assert instants_us(pd.Series(["2017-07-13T21:40:00-05:00"]), "t").tolist() == [1_500_000_000_000_000]


@pytest.mark.parametrize("column", [pd.Series(["soon"]), pd.Series([None, pd.Timestamp("2017-01-01")])])
def test_a_column_that_is_not_times_is_refused(column: pd.Series) -> None:
    """The sentence names the column."""
    with pytest.raises(InputInvalid, match="event_timestamp"):
        instants_us(column, "event_timestamp")


@pytest.mark.parametrize("values", [[1, 2], ["a", None], ["a", float("nan")]])
def test_user_ids_are_strings(values: list) -> None:
    """7 and "7" are different users, so a number is not taken for an id."""
    with pytest.raises(InputInvalid, match="user ids as strings"):
        users_of(pd.Series(values, dtype=object), "user_id")
