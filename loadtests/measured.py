"""What one load test measured: the seam between the Locust process, which writes it, and the command."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

PERCENTILES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99, "p99_9_ms": 0.999}


@dataclass(frozen=True)
class Latencies:
    """Percentiles of answered calls, in milliseconds from the scheduled arrival."""

    calls: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    p99_9_ms: float
    max_ms: float


@dataclass(frozen=True)
class Measured:
    """One run. `offered` counts every arrival of the measured time, answered or not."""

    offered: int
    good: int
    """Right answers, degraded ones included."""
    degraded: dict[str, int]
    """Right answers that were not live for every segmenter and user, by cause."""
    errors: dict[str, int]
    """Failed, wrong and not-offered calls, by cause."""
    duration_s: float
    all: Latencies
    methods: dict[str, Latencies] = field(default_factory=dict)
    generator_cpu_share: float = 0.0
    """The generator's own CPU, in cores: near 1 it measures itself."""

    @property
    def error_share(self) -> float:
        """Errors over offered calls; 1 when nothing was offered, since nothing was shown."""
        return sum(self.errors.values()) / self.offered if self.offered else 1.0

    @property
    def degraded_share(self) -> float:
        """Degraded answers over offered calls."""
        return sum(self.degraded.values()) / self.offered if self.offered else 1.0

    def achieved_share(self, rate: float) -> float:
        """Good replies per second over the rate that was to be offered."""
        return self.good / self.duration_s / rate

    def write(self, path: Path) -> None:
        """Store as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")


def read_measured(path: Path) -> Measured:
    """Read what `Measured.write` stored."""
    values = json.loads(path.read_text(encoding="utf-8"))
    values["all"] = Latencies(**values["all"])
    values["methods"] = {name: Latencies(**entry) for name, entry in values["methods"].items()}
    return Measured(**values)
