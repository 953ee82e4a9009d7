"""On the metrics page: callers, missing values, and what each worker uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serving.metrics.callers import MOST_CALLERS, OTHER, UNNAMED, open_caller_errors, open_callers
from serving.metrics.heartbeat import lag_s, open_heartbeat
from serving.metrics.missing import ONE_IN, ROWS, open_missing
from serving.metrics.named_numbers import NamedNumbers
from serving.metrics.process_use import process_use
from serving.metrics.seen_files import CALLER_ERRORS, CALLERS, HEARTBEAT, MISSING, found


class SeenCollector(Collector):
    """Reads what all workers of a folder have written."""

    def __init__(self, folder: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._monotonic = folder, monotonic
        self._open: dict[Path, NamedNumbers] = {}
        self._shown: dict[str, None] = {}
        """Callers with a series of their own. They stay: a counter must not move to `other` and back."""

    def describe(self) -> Iterable[Metric]:
        """Nothing before it is asked."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Every family."""
        yield self._callers()
        yield self._caller_errors()
        yield from self._missing()
        yield from self._workers()

    def _files(self, what: str, opened: Callable[[Path], NamedNumbers]) -> Iterator[tuple[str, NamedNumbers]]:
        for worker, path in found(self._folder, what):
            names = self._open.get(path) or opened(path)
            if names.shared:
                self._open[path] = names
                yield worker, names

    def _callers(self) -> Metric:
        totals: dict[str, float] = {}
        for _, names in self._files(CALLERS, open_callers):
            for (name,), count in names.items():
                shown = self._show(name)
                totals[shown] = totals.get(shown, 0.0) + count
        metric = CounterMetricFamily("strata_caller_requests", "Unary calls, by x-strata-caller.", labels=["caller"])
        for name, count in totals.items():
            metric.add_metric([name], count)
        return metric

    def _caller_errors(self) -> Metric:
        totals: dict[tuple[str, str], float] = {}
        for _, names in self._files(CALLER_ERRORS, open_caller_errors):
            for (name, code), count in names.items():
                ended = self._show(name), code
                totals[ended] = totals.get(ended, 0.0) + count
        metric = CounterMetricFamily(
            "strata_caller_errors", "Unary calls that did not end well, by x-strata-caller.", labels=["caller", "code"]
        )
        for ended, count in totals.items():
            metric.add_metric(ended, count)
        return metric

    def _show(self, name: str) -> str:
        if name in self._shown or name in {OTHER, UNNAMED}:
            return name
        if len(self._shown) == MOST_CALLERS:
            return OTHER
        self._shown[name] = None
        return name

    def _missing(self) -> Iterator[Metric]:
        rows = CounterMetricFamily(
            "strata_feature_sampled_rows", f"Known users' rows looked at: one call in {ONE_IN}.", labels=["segmenter"]
        )
        missing = CounterMetricFamily(
            "strata_feature_sampled_missing", "Values missing in those rows.", labels=["segmenter", "feature"]
        )
        for (segmenter, feature), count in self._totals().items():
            if feature == ROWS:
                rows.add_metric([segmenter], count)
            else:
                missing.add_metric([segmenter, feature], count)
        yield rows
        yield missing

    def _totals(self) -> dict[tuple[str, ...], float]:
        totals: dict[tuple[str, ...], float] = {}
        for _, names in self._files(MISSING, open_missing):
            for words, count in names.items():
                totals[words] = totals.get(words, 0.0) + count
        return totals

    def _workers(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily(
            "strata_worker_loop_lag_seconds", "How late the event loop was, the worst of 15 to 30 s.", labels=["worker"]
        )
        cpu = CounterMetricFamily("strata_worker_cpu_seconds", "CPU, user and system.", labels=["worker"])
        memory = GaugeMetricFamily("strata_worker_resident_bytes", "Resident memory.", labels=["worker"])
        for worker, names in self._files(HEARTBEAT, open_heartbeat):
            use = process_use(int(names.numbers[0]))
            if use is not None:
                lag.add_metric([worker], lag_s(names, self._monotonic()))
                cpu.add_metric([worker], use.cpu_s)
                memory.add_metric([worker], use.resident_bytes)
        yield from (lag, cpu, memory)
