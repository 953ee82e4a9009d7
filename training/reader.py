"""Where feature values come from: a port, and its one adapter on Feast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from strata.errors import DefinitionInvalid
from strata.registry.catalog import Catalog
from strata.runtime import FeatureInput
from strata.settings import Settings
from training.known_by import cut_home
from training.rows import FeatureSchema, Floats


class FeatureReader(Protocol):
    """Features of a service, exactly as they were known at each row's instant."""

    def schema(self, service: str) -> FeatureSchema: ...

    def matrix(self, service: str, users: Sequence[str], times_us: NDArray[np.int64]) -> Floats:
        """float64 [n, f] in the schema's order, row i for (users[i], times_us[i]); NaN is missing."""
        ...


@runtime_checkable
class RestrictableReader(FeatureReader, Protocol):
    """A reader that can be made to forget."""

    def known_by(self, instant_us: int, users: Sequence[str]) -> AbstractContextManager[FeatureReader]:
        """One that sees only what was recorded of these users by an instant."""
        ...


class FeastReader:
    """The point-in-time join of Feast, through feature_repo/training_sets.py."""

    def __init__(self, settings: Settings, catalog: Catalog) -> None:
        self._settings = settings
        self._catalog = catalog

    def schema(self, service: str) -> FeatureSchema:
        return read_schema(self._catalog, service)

    def matrix(self, service: str, users: Sequence[str], times_us: NDArray[np.int64]) -> Floats:
        import pandas as pd

        from feature_repo.training_sets import historical_matrix

        entity_df = pd.DataFrame(
            {"user_id": list(users), "event_timestamp": pd.to_datetime(times_us, unit="us", utc=True)}
        )
        values, keys = historical_matrix(self._settings, service, entity_df)
        if list(keys) != self.schema(service).keys:
            raise DefinitionInvalid(f"the registry changed while {service} was read; run it again")
        return np.ascontiguousarray(values)

    @contextmanager
    def known_by(self, instant_us: int, users: Sequence[str]) -> Iterator[FeatureReader]:
        """See `RestrictableReader`: over a copy of the history that has nothing else in it."""
        with TemporaryDirectory(prefix="strata-known-by-") as folder:
            yield FeastReader(cut_home(self._settings, Path(folder), instant_us, users), self._catalog)


def read_schema(catalog: Catalog, service: str) -> FeatureSchema:
    """The service's ordered features as the registry defines them. Raises DefinitionInvalid when there is none."""
    spec = catalog.service(service)
    features = []
    for view, name in spec.features:
        field = next(field for field in catalog.views[view].spec.fields if field.name == name)
        key = f"{view}:{name}"
        features.append(FeatureInput(view, name, field.dtype, spec.defaults.get(key), field.categories))  # type: ignore[arg-type]
    return FeatureSchema(service, tuple(features), {view: catalog.views[view].fingerprint for view in spec.views})
