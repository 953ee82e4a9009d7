"""The one reader of training rows: a feature service at given (user, t), as the matrix a segmenter reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feature_repo.store import open_store
from strata.errors import InputInvalid
from strata.features.vectorise import vectorise_column
from strata.registry import read_catalog
from strata.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def historical_matrix(
    settings: Settings, service: str, entity_df: pd.DataFrame
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """(values float64 [n, f], `view:feature` names [f]) of a feature service through Feast.

    `entity_df` has the columns `user_id` (strings) and `event_timestamp`; rows keep their order, and repeat.
    Columns are in the service's own order: Feast's changes with every process, so they are matched by name.
    NaN is missing; defaults are left to whoever scores. An event or fact counts at t only when it was recorded by
    t. Raises InputInvalid for a frame that cannot be read, DefinitionInvalid for a service that is not there.
    """
    catalog = read_catalog(settings.registry)
    spec = catalog.service(service)
    if not len(entity_df):
        raise InputInvalid(f"no rows were asked of {service}: entity_df is empty")
    store = open_store(settings)
    job = store.get_historical_features(
        entity_df=entity_df[["user_id", "event_timestamp"]],
        features=store.get_feature_service(service),
        full_feature_names=True,
        filter_by_created_timestamp=True,
    )
    table = job.to_arrow()
    fields = {(view.name, field.name): field for view in catalog.views.values() for field in view.spec.fields}
    columns = [
        vectorise_column(fields[(view, name)], _python(table.column(f"{view}__{name}"))) for view, name in spec.features
    ]
    return np.column_stack(columns), spec.keys


def _python(column: pa.ChunkedArray) -> Sequence[Any]:
    """Numbers as numpy (NaN for null), strings as objects (None for null)."""
    values: Sequence[Any] = column.to_numpy()
    return values
