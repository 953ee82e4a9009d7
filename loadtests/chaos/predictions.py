"""Whether answers are still written down."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

WAIT_S: Final = 30.0
"""For what a sound gateway does within a second or two."""
POLL_S: Final = 0.05


class Predictions:
    """The prediction log of a home, by its finished files."""

    def __init__(self, folder: Path, segmenters: Sequence[str]) -> None:
        self._folder, self._segmenters = folder, segmenters

    def count(self) -> Counter[str]:
        """Files by segmenter."""
        return Counter({name: len(list((self._folder / name).glob("*.parquet"))) for name in self._segmenters})

    def await_more(self, than: Counter[str]) -> Counter[str]:
        """Nothing when every segmenter got another file in time, else what is wrong."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            now = self.count()
            if all(now[name] > than[name] for name in self._segmenters):
                return Counter()
            time.sleep(POLL_S)
        return Counter({"wrong: predictions are not written": 1})
