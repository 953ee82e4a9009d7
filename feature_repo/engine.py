"""Feast's batch engine: `feast materialize` rebuilds online rows from the history.

The table of a windowed view is rebuilt whole, up to the end asked for or the clock, whichever is earlier: what `start`
says does not matter to it, an incremental run is a rebuild, and the other views of the table come with it. A row view
takes the newest facts of the period.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from feast.infra.common.materialization_job import MaterializationJob, MaterializationJobStatus, MaterializationTask
from feast.infra.compute_engines.base import ComputeEngine
from feast.repo_config import FeastConfigBaseModel

from feature_repo.online.values import to_us
from feature_repo.online_store import StrataOnlineStore
from feature_repo.places import HISTORY, history_of, in_repo
from feature_repo.rebuild import Progress, refresh_facts
from feature_repo.rebuild_table import Asked, Rebuilds
from feature_repo.specs import kind_of, plan_of, table_of
from strata.errors import DefinitionInvalid

if TYPE_CHECKING:
    from feast.infra.registry.base_registry import BaseRegistry


class StrataComputeEngineConfig(FeastConfigBaseModel):
    """What feature_store.yaml may say under `batch_engine`."""

    type: Literal["feature_repo.engine.StrataComputeEngine"] = "feature_repo.engine.StrataComputeEngine"


class StrataComputeEngine(ComputeEngine):
    """Named by class path in feature_store.yaml; shares the online store's clock and state."""

    on_progress: Progress | None = None
    """Told how many events of how many are done, view by view."""
    on_wait: Callable[[float], None] | None = None
    """Told for how many seconds a finished rebuild has been waiting for the stream worker."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.written: dict[str, int] = {}
        """View -> rows its last materialisation wrote."""
        self.watermarks_us: dict[str, int] = {}
        """View -> up to when its rows are."""
        self._rebuilds = Rebuilds()

    def update(self, *views: Any, **named: Any) -> None:
        """Nothing to prepare."""

    def teardown_infra(self, *views: Any, **named: Any) -> None:
        """Nothing to remove: the online store empties its own rows."""

    def _materialize_one(self, registry: BaseRegistry, task: MaterializationTask, **kwargs: Any) -> MaterializationJob:
        view = task.feature_view
        job_id = f"{view.name}-{task.end_time.isoformat()}"
        try:
            self._rebuild(task)
        except Exception as error:  # the job carries it; Feast raises it again where it was asked for
            return _Job(job_id, task, error)
        return _Job(job_id, task, None)

    def _rebuild(self, task: MaterializationTask) -> None:
        view, config = task.feature_view, self.repo_config
        kind = kind_of(view)
        if kind == "events":
            return
        store = self.online_store
        if not isinstance(store, StrataOnlineStore):
            raise DefinitionInvalid("this batch engine writes to feature_repo.online_store.StrataOnlineStore only")
        source, watermark_us = history_of(config, view.batch_source), min(to_us(task.end_time), store.now_us(config))
        state, name = store.state(config), view.name
        self.watermarks_us[name] = watermark_us
        if kind == "windowed":
            root = in_repo(config, config.offline_store.home) / HISTORY
            asked = Asked(
                name, store.tables(config)[table_of(view)], source, watermark_us, root, store.partitions(config)
            )
            done = self._rebuilds.rebuild(state, asked, self.on_progress, self.on_wait)
            self.written[name], self.watermarks_us[name] = done.rows, done.watermark_us
        else:
            self.written[name] = refresh_facts(state, plan_of(view), source, to_us(task.start_time), watermark_us)


class _Job(MaterializationJob):
    """A job that is over when it is returned."""

    def __init__(self, job_id: str, task: MaterializationTask, error: BaseException | None) -> None:
        self.task, self._job_id, self._error = task, job_id, error

    def status(self) -> MaterializationJobStatus:
        return MaterializationJobStatus.ERROR if self._error else MaterializationJobStatus.SUCCEEDED

    def error(self) -> BaseException | None:
        return self._error

    def should_be_retried(self) -> bool:
        return False

    def job_id(self) -> str:
        return self._job_id

    def url(self) -> str | None:
        return None
