"""Metrics pages as numbers: read over HTTP, kept by name and labels."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

PATIENCE_S: Final = 3.0
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows nothing of this machine
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """What a page said, and when by a clock that only runs forward."""

    at_s: float
    samples: Mapping[str, list[tuple[Labels, float]]]

    def select(self, name: str, **labels: str) -> Iterator[tuple[Labels, float]]:
        """The samples of that name with these labels among theirs."""
        for found, value in self.samples.get(name, ()):
            if all(found.get(key) == wanted for key, wanted in labels.items()):
                yield found, value

    def total(self, name: str, **labels: str) -> float:
        """Their sum; 0 where there are none."""
        return sum(value for _, value in self.select(name, **labels))

    def values(self, name: str, label: str, **labels: str) -> list[str]:
        """What that label has for values among them, each once, in the page's order."""
        return list(dict.fromkeys(found[label] for found, _ in self.select(name, **labels)))


def read_page(address: str) -> Page | None:
    """The page of a server at HOST:PORT; None when nobody answers there with one."""
    try:
        with _DIRECT.open(f"http://{address}/metrics", timeout=PATIENCE_S) as reply:
            return parse_page(reply.read().decode(), time.monotonic())
    except (OSError, ValueError):
        return None


def parse_page(text: str, at_s: float) -> Page:
    """From the exposition format. Raises ValueError for what is not in it."""
    return Page(at_s, _by_name(text))


def _by_name(text: str) -> dict[str, list[tuple[Labels, float]]]:
    found: dict[str, list[tuple[Labels, float]]] = {}
    for name, labels, value in _samples(text):
        found.setdefault(name, []).append((labels, value))
    return found


def _samples(text: str) -> Iterable[tuple[str, Labels, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value
