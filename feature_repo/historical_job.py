"""One historical retrieval: what Feast calls a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from feast import FileSource
from feast.errors import SavedDatasetLocationAlreadyExists
from feast.infra.offline_stores.offline_store import RetrievalJob, RetrievalMetadata
from numpy.typing import NDArray

from feature_repo.offline.facts import facts_at
from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource
from feature_repo.offline.windowed import windowed_at
from strata.errors import InputInvalid
from strata.features.plan import Plan
from strata.features.spec import FieldSpec

if TYPE_CHECKING:
    import pandas as pd
    from feast import OnDemandFeatureView
    from feast.saved_dataset import SavedDatasetStorage


@dataclass(frozen=True)
class ViewRequest:
    """The features asked of one view."""

    plan: Plan
    source: ParquetSource
    key: str
    """The frame's column of user ids."""
    asked: Asked
    names: Sequence[str]
    prefix: str

    @property
    def fields(self) -> list[FieldSpec]:
        """The fields asked for, in the order asked."""
        by_name = {field.name: field for field in self.plan.spec.fields}
        return [by_name[name] for name in self.names]


class HistoricalJob(RetrievalJob):
    """Computed when read, once. On-demand views are applied by Feast's own `to_arrow`."""

    def __init__(
        self,
        frame: pd.DataFrame,
        requests: Sequence[ViewRequest],
        feature_refs: Sequence[str],
        on_demand: list[OnDemandFeatureView],
        full_feature_names: bool,
        *,
        as_known: bool,
    ) -> None:
        self._frame, self._requests, self._as_known = frame, requests, as_known
        self._on_demand, self._full_feature_names = on_demand, full_feature_names
        self._refs = list(feature_refs)
        self._table: pa.Table | None = None

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:
        if self._table is None:
            table = pa.Table.from_pandas(self._frame, preserve_index=False)
            for name, column in self._columns():
                table = table.append_column(name, column)
            self._table = table
        return self._table

    def _to_df_internal(self, timeout: int | None = None) -> pd.DataFrame:
        return self._to_arrow_internal(timeout).to_pandas()

    def _columns(self) -> list[tuple[str, pa.Array]]:
        """The feature columns, view by view. Views over one history and one key share a pass over it."""
        columns: dict[int, list[pa.Array]] = {}
        groups: dict[tuple[ParquetSource, str], list[int]] = {}
        for position, request in enumerate(self._requests):
            if request.plan.spec.kind == "row":
                columns[position] = _facts(request, as_known=self._as_known)
            else:
                groups.setdefault((request.source, request.key), []).append(position)
        for positions in groups.values():
            requests = [self._requests[position] for position in positions]
            for position, arrays in zip(positions, _windows(requests, as_known=self._as_known), strict=True):
                columns[position] = arrays
        return [
            (request.prefix + name, array)
            for position, request in enumerate(self._requests)
            for name, array in zip(request.names, columns[position], strict=True)
        ]

    @property
    def full_feature_names(self) -> bool:
        """Whether columns are named `view__feature`."""
        return self._full_feature_names

    @property
    def on_demand_feature_views(self) -> list[OnDemandFeatureView]:
        """The on-demand views to apply on top."""
        return self._on_demand

    @property
    def metadata(self) -> RetrievalMetadata:
        """What was asked."""
        times = self._frame["event_timestamp"]
        return RetrievalMetadata(
            features=self._refs,
            keys=[str(column) for column in self._frame.columns if column != "event_timestamp"],
            min_event_timestamp=times.min() if len(times) else None,
            max_event_timestamp=times.max() if len(times) else None,
        )

    def persist(self, storage: SavedDatasetStorage, allow_overwrite: bool = False, timeout: int | None = None) -> None:
        """Write the result as one Parquet file at the storage's path, which should be absolute."""
        source = storage.to_data_source()
        if not isinstance(source, FileSource):
            raise InputInvalid("training sets are saved as Parquet files: use SavedDatasetFileStorage")
        path = Path(source.path)
        if path.exists() and not allow_overwrite:
            raise SavedDatasetLocationAlreadyExists(location=str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(self.to_arrow(), path)


def _windows(requests: Sequence[ViewRequest], *, as_known: bool) -> list[list[pa.Array]]:
    fields = [field for request in requests for field in request.fields]
    definitions = [field.definition for field in fields]
    found = windowed_at(requests[0].source, definitions, requests[0].asked, as_known=as_known)
    arrays = iter(_number_array(field, found.values[:, i]) for i, field in enumerate(fields))
    return [[next(arrays) for _ in request.names] for request in requests]


def _number_array(field: FieldSpec, values: NDArray[np.float64]) -> pa.Array:
    missing = np.isnan(values)
    if field.dtype == "int64":
        return pa.array(np.where(missing, 0, values).astype(np.int64), mask=missing)
    return pa.array(values, mask=missing)


def _facts(request: ViewRequest, *, as_known: bool) -> list[pa.Array]:
    table = facts_at(
        request.source,
        request.names,
        request.plan.ttl_us or 0,
        request.asked,
        as_known=as_known,
        of=request.plan.spec.names,
    )
    return [_fact_array(field, table.column(i)) for i, field in enumerate(request.fields)]


def _fact_array(field: FieldSpec, column: Any) -> pa.Array:
    """A string outside the declared categories is null, as it is online."""
    import pyarrow.compute as pc

    kinds = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}
    column = column.combine_chunks().cast(kinds[field.dtype])
    if field.dtype != "string":
        return column
    known = pc.is_in(column, value_set=pa.array(field.categories, pa.string()))
    return pc.if_else(known, column, pa.scalar(None, pa.string()))
