"""What the worker counts. Prometheus, in this process; served by `strata stream run`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from strata.features.fold import Verdict
from streaming.fold.aliases import AliasVerdict

BATCH_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
BATCH_RECORDS: Final = (1, 5, 20, 100, 500, 2_000, 10_000)


class FoldMeters:
    """Counters and gauges of one worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._records = Counter("strata_stream_records", "Records folded, by verdict.", ["verdict"], registry=registry)
        self._verdicts = [self._records.labels(verdict.name.lower()) for verdict in Verdict]
        self._aliases = Counter("strata_stream_aliases", "Aliases, by verdict.", ["verdict"], registry=registry)
        self._facts = Counter("strata_stream_facts", "Profile updates folded.", registry=registry)
        self._damaged = Counter("strata_stream_damaged", "Records that could not be read.", registry=registry)
        self._forwarded = Counter("strata_stream_forwarded", "Records sent on to another user.", registry=registry)
        self._history = Counter("strata_stream_history_records", "Records written to the history.", registry=registry)
        self._trouble = Counter("strata_stream_trouble", "Steps that failed and are tried again.", registry=registry)
        self._lag = Gauge("strata_stream_lag_records", "Records not folded yet.", ["partition"], registry=registry)
        self._watermark = Gauge(
            "strata_stream_watermark_seconds", "The applied watermark, platform time since 1970.", registry=registry
        )
        self._behind = Gauge(
            "strata_stream_behind_seconds", "Platform time since the applied watermark.", registry=registry
        )
        self._seconds = Histogram(
            "strata_stream_batch_seconds", "Time to fold a batch.", buckets=BATCH_SECONDS, registry=registry
        )
        self._sizes = Histogram(
            "strata_stream_batch_records", "Records in a batch.", buckets=BATCH_RECORDS, registry=registry
        )
        self.totals: dict[str, int] = {}
        """Verdict to count since the start, for a summary."""

    def folded(self, verdicts: Sequence[int]) -> None:
        """Count a run."""
        for verdict, count in enumerate(np.bincount(verdicts, minlength=len(self._verdicts)).tolist()):
            if count:
                self._verdicts[verdict].inc(count)
                self._add(Verdict(verdict).name.lower(), count)

    def aliased(self, verdict: AliasVerdict) -> None:
        """Count an alias."""
        self._aliases.labels(verdict.name.lower()).inc()
        self._add(f"alias_{verdict.name.lower()}", 1)

    def learned(self, count: int) -> None:
        """Count profile updates."""
        self._facts.inc(count)
        self._add("facts", count)

    def damaged(self, count: int) -> None:
        """Count unreadable records."""
        self._damaged.inc(count)
        self._add("damaged", count)

    def forwarded(self, count: int) -> None:
        """Count records sent on."""
        self._forwarded.inc(count)

    def written(self, count: int) -> None:
        """Count records in the history."""
        self._history.inc(count)

    def troubled(self) -> None:
        """Count a failed step."""
        self._trouble.inc()

    def batch(self, records: int, seconds: float) -> None:
        """Count a batch."""
        self._sizes.observe(records)
        self._seconds.observe(seconds)

    def lags(self, lags: Mapping[int, int]) -> None:
        """Set the lag of each partition."""
        for partition, lag in lags.items():
            self._lag.labels(str(partition)).set(lag)

    def progress(self, applied_us: int, now_us: int) -> None:
        """Set the applied watermark and how far behind the clock it is."""
        self._watermark.set(applied_us / 1e6)
        self._behind.set(max(0, now_us - applied_us) / 1e6)

    def forget(self, partitions: Sequence[int]) -> None:
        """Partitions another worker has now."""
        for partition in partitions:
            with suppress(KeyError):
                self._lag.remove(str(partition))

    def _add(self, name: str, count: int) -> None:
        if count:
            self.totals[name] = self.totals.get(name, 0) + count
