"""Build online rows through Feast's own door, view by view."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from feature_repo.online.values import EPOCH, to_datetime
from feature_repo.specs import kind_of
from feature_repo.store import open_store
from strata.clock import FixedClock
from strata.errors import DefinitionInvalid, StrataError
from strata.registry import read_catalog
from strata.settings import Settings

if TYPE_CHECKING:
    from feast import FeatureStore

Progress = Callable[[str, int, int], None]
"""Told a view, and how many events of how many are done."""
Waiting = Callable[[float], None]
"""Told for how many seconds a finished rebuild has been waiting for the stream worker."""


@dataclass(frozen=True)
class Built:
    """One view's new rows; views of one history and hop share theirs."""

    view: str
    rows: int
    watermark_us: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Every field."""
        return asdict(self)


def materialize(
    settings: Settings,
    views: Sequence[str] | None,
    until_us: int | None,
    progress: Progress,
    waiting: Waiting | None = None,
) -> list[Built]:
    """Build these views, or all, up to `until_us` (default: the clock, read once for all of them).

    The window is passed to Feast in full: its own incremental run starts from the system clock, which a replay has
    left behind. Raises DefinitionInvalid for a view that is not there and when nothing was applied.
    """
    read_catalog(settings.registry)
    store = open_store(settings)
    now_us = settings.make_clock().now_us()
    at_us = now_us if until_us is None else min(until_us, now_us)
    # One instant for every view, however long the build takes.
    store.provider.online_store.clock = FixedClock(at_us)  # type: ignore[attr-defined]
    store.provider.batch_engine.on_wait = waiting  # type: ignore[attr-defined]
    return [_build(store, name, at_us, progress) for name in _chosen(store, views)]


def _chosen(store: FeatureStore, views: Sequence[str] | None) -> list[str]:
    known = sorted(view.name for view in store.list_feature_views() if kind_of(view) != "events")
    unknown = [name for name in views or () if name not in known]
    if unknown:
        raise DefinitionInvalid(f"there is no view {unknown[0]!r} to build; the registry has {', '.join(known)}")
    return list(views or known)


def _build(store: FeatureStore, name: str, at_us: int, progress: Progress) -> Built:
    engine = store.provider.batch_engine  # type: ignore[attr-defined]
    engine.on_progress = lambda done, total: progress(name, done, total)
    began = time.perf_counter()
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # Feast prints a banner per view
            store.materialize(EPOCH, to_datetime(at_us), feature_views=[name])
    except StrataError:
        raise
    except ValueError as error:
        raise DefinitionInvalid(f"view {name} cannot be materialised: {error}") from error
    return Built(name, engine.written[name], engine.watermarks_us[name], time.perf_counter() - began)
