"""Prometheus gauges from the newest report of each segmenter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


def render_metrics(newest: Sequence[dict[str, Any]]) -> bytes:
    """The exposition text; every gauge is absent for a segmenter without a report."""
    registry = CollectorRegistry()
    registry.register(_Reports(newest))
    return generate_latest(registry)


class _Reports(Collector):
    def __init__(self, newest: Sequence[dict[str, Any]]) -> None:
        self._newest = newest

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield from self._drift()
        yield self._each("strata_drift_columns", "Columns that drifted in the newest report.", _drifted)
        yield self._each("strata_report_tests_failed", "Checks past their threshold in the newest report.", _failed)
        yield self._each("strata_report_rows", "Users compared in the newest report.", _compared)
        yield self._each("strata_report_not_live_share", "Share of answers that were not live.", _not_live)
        stamp = "When the newest report was made, seconds since the epoch."
        yield self._each("strata_report_last_run_timestamp_seconds", stamp, _created)
        status = GaugeMetricFamily(
            "strata_report_status", "1 for the newest report's status.", labels=["segmenter", "status"]
        )
        for report in self._newest:
            status.add_metric([report["segmenter"], report["status"]], 1.0)
        yield status

    def _drift(self) -> Iterable[GaugeMetricFamily]:
        labels = ["segmenter", "column", "method"]
        score = GaugeMetricFamily(
            "strata_drift_score", "A check's statistic; drift at or past its threshold.", labels=labels
        )
        limit = GaugeMetricFamily("strata_drift_threshold", "The threshold of that check.", labels=labels)
        for report in self._newest:
            for column in report["columns"]:
                for check in column["checks"]:
                    if check["statistic"] is not None:
                        values = [report["segmenter"], column["column"], check["method"]]
                        score.add_metric(values, check["statistic"])
                        limit.add_metric(values, check["threshold"])
        yield score
        yield limit

    def _each(self, name: str, meaning: str, value: Any) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(name, meaning, labels=["segmenter"])
        for report in self._newest:
            gauge.add_metric([report["segmenter"]], float(value(report)))
        return gauge


def _drifted(report: dict[str, Any]) -> int:
    return int(report["counts"]["drifted"])


def _failed(report: dict[str, Any]) -> int:
    return int(report["counts"]["failed_checks"])


def _compared(report: dict[str, Any]) -> int:
    return int(report["rows"]["compared"])


def _not_live(report: dict[str, Any]) -> float:
    return float(report["source_mix"]["not_live"])


def _created(report: dict[str, Any]) -> float:
    return float(report["created_timestamp"])
