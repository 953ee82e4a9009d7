"""The metrics page: every worker's numbers added up, and the supervisor's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from serving.metrics.families import Family, version_families
from serving.metrics.shared_numbers import Layout
from strata.errors import AlreadyRunning

VersionsRead = Callable[[], Mapping[tuple[str, str], Sequence[float]]]
"""(segmenter, version) to the numbers of `version_families`, added up over workers."""


class ReleaseProgress(NamedTuple):
    """How far a gateway's workers have got with the newest release."""

    serial: int
    behind: int


FEW: Final = 160
"""A family with so few series shows those at zero, too: a rate is blind to a series' first appearance."""


class WorkersCollector:
    """Prometheus' view of all workers."""

    def __init__(
        self,
        layout: Layout,
        workers: Sequence[memoryview[float]],
        *,
        alive: Callable[[], int],
        restarts: Callable[[], int],
        versions: VersionsRead = dict,
        release: Callable[[], ReleaseProgress | None] = lambda: None,
    ) -> None:
        """`versions` reads what is counted of each version; `release`: how far the workers have got with it."""
        self._layout, self._workers = layout, workers
        self._alive, self._restarts = alive, restarts
        self._versions, self._release = versions, release

    def collect(self) -> Iterable[Metric]:
        """One metric per family, summed over workers."""
        totals = [sum(column) for column in zip(*(view.tolist() for view in self._workers), strict=True)]
        yield from (_metric(family, self._layout, totals) for family in self._layout.families)
        yield from _version_metrics(self._versions())
        yield CounterMetricFamily(
            "strata_worker_restarts", "Workers replaced since the gateway started.", value=self._restarts()
        )
        yield GaugeMetricFamily("strata_workers", "Workers that answer.", value=self._alive())
        release = self._release()
        if release is not None:
            yield GaugeMetricFamily("strata_release_serial", "The newest release logged.", value=release.serial)
            yield GaugeMetricFamily(
                "strata_release_behind", "Workers that serve an older release.", value=release.behind
            )


def _version_metrics(versions: Mapping[tuple[str, str], Sequence[float]]) -> Iterable[Metric]:
    """One metric per family, with the series of every version."""
    metrics: dict[str, Metric] = {}
    for (name, version), totals in sorted(versions.items()):
        layout = Layout(version_families(name, version))
        for family in layout.families:
            _add_series(metrics.setdefault(family.name, _empty(family)), family, layout, totals)
    return metrics.values()


def _metric(family: Family, layout: Layout, totals: Sequence[float]) -> Metric:
    metric = _empty(family)
    _add_series(metric, family, layout, totals)
    return metric


def _empty(family: Family) -> Metric:
    plain = GaugeMetricFamily if family.gauge else CounterMetricFamily
    kind: Any = HistogramMetricFamily if family.bounds else plain
    made: Metric = kind(family.name, family.help, labels=family.label_names)
    return made


def _add_series(metric: Any, family: Family, layout: Layout, totals: Sequence[float]) -> None:
    for labels in family.series:
        start = layout.start(family.name, *labels)
        numbers = totals[start : start + family.width]
        if family.bounds:
            metric.add_metric(labels, _buckets(family.bounds, numbers[:-1]), sum_value=numbers[-1])
        elif numbers[0] or len(family.series) <= FEW:  # hundreds of combinations never happen
            metric.add_metric(labels, numbers[0])


def _buckets(bounds: Sequence[float], counts: Sequence[float]) -> list[tuple[str, float]]:
    """Cumulative counts by upper bound, as the exposition format wants them."""
    total, buckets = 0.0, []
    for bound, count in zip([*map(str, bounds), "+Inf"], counts, strict=True):
        total += count
        buckets.append((bound, total))
    return buckets


Condition = Callable[[], str]
"""Whether something holds: answers nothing, or why it does not."""


class MetricsPage:
    """Serves /metrics, and a page per condition (200, or 503 with the reason), from a thread of its own."""

    def __init__(self, host: str, port: int) -> None:
        """Listen. Raises AlreadyRunning when the port is taken."""
        self.registry = CollectorRegistry()
        self.conditions: dict[str, Condition] = {}
        """By page name."""
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(self.registry, self.conditions))
        except OSError as error:
            raise AlreadyRunning(
                f"metrics port {host}:{port} cannot be had ({error.strerror}); "
                "set STRATA_GATEWAY__METRICS_PORT to a free one"
            ) from None
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _handler(registry: CollectorRegistry, conditions: Mapping[str, Condition]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.split("?")[0].removeprefix("/")
            if name in conditions:
                reason = conditions[name]()
                self._send(503 if reason else 200, "text/plain; charset=utf-8", f"{reason or 'ok'}\n".encode())
            elif name == "metrics":
                self._send(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            else:
                self.send_error(404, f"the pages are {', '.join(f'/{page}' for page in ('metrics', *conditions))}")

        def _send(self, code: int, kind: str, content: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
