"""Who and when is asked about: an entity frame as users and int64 microseconds, in the caller's row order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputInvalid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Asked:
    """One point in time per row; rows repeat and come in any order."""

    users: NDArray[np.object_]
    t_us: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.users)


def instants_us(column: pd.Series[Any], name: str) -> NDArray[np.int64]:
    """Microseconds UTC of a column of times; a time without a zone is UTC. Raises InputInvalid."""
    import pandas as pd

    try:
        times = pd.to_datetime(column, utc=True)
    except (ValueError, TypeError) as error:
        raise InputInvalid(f"the column {name} should hold times: {error}") from None
    if times.isna().any():
        raise InputInvalid(f"the column {name} has {int(times.isna().sum())} rows without a time")
    instants: NDArray[np.int64] = times.dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    return instants


def users_of(column: pd.Series[Any], name: str) -> NDArray[np.object_]:
    """User ids of a column. Raises InputInvalid on anything but strings: 7 and "7" are different users."""
    values: NDArray[np.object_] = column.to_numpy(dtype=object)
    wrong = next((value for value in values if not isinstance(value, str)), None)
    if wrong is not None or any(value is None for value in values):
        raise InputInvalid(f"the column {name} should hold user ids as strings, not {type(wrong).__name__}")
    return values
