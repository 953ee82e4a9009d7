"""Where answers wait to be logged: what it holds, and what it holds no longer."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest
from toy_segmenter import toy_profile

from serving.adapters.prediction_buffer import SETTLE_TAKES, PredictionBuffer
from serving.adapters.private_pages import PrivatePages
from serving.domain.assignments import Answer, Column, Degradation, Source
from serving.domain.features import feature_rows

PROFILE = toy_profile("tiers")
PAGEMAP = Path("/proc/self/pagemap")
WIDTH, ROWS = 50, 20_000


def _resident(array: np.ndarray) -> int:
    """Bytes of the array's own pages that are in memory, whatever else this process holds."""
    first, last = array.ctypes.data // mmap.PAGESIZE, (array.ctypes.data + array.nbytes - 1) // mmap.PAGESIZE
    with PAGEMAP.open("rb", buffering=0) as pages:
        pages.seek(8 * first)
        entries = np.frombuffer(pages.read(8 * (last - first + 1)), dtype="<u8")
    return mmap.PAGESIZE * int((entries >> 63).sum())


def _answer(rows: int, value: float) -> Answer:
    column = Column(
        profile=PROFILE,
        segment_indexes=np.ones(rows, dtype=np.int32),
        scores=np.full(rows, 0.5, dtype=np.float32),
        sources=np.full(rows, Source.LIVE, dtype=np.uint8),
        degradations=np.full(rows, Degradation.NONE, dtype=np.uint8),
        live_at_us=np.zeros(rows, dtype=np.int64),
        rows=feature_rows(np.full((rows, WIDTH), value), np.ones(rows, dtype=bool), np.zeros(rows, dtype=np.int64)),
        all_live=True,
    )
    return Answer(["ann"] * rows, 7, [column])


def _pass(buffer: PredictionBuffer, rows: int, value: float) -> None:
    """Fill and take, and hold what is taken against what was given."""
    answer = _answer(rows, value)
    assert buffer.add(answer, answer.columns[0])
    block = buffer.take(1.0)
    assert block is not None
    assert (len(block), set(block.as_of_us), set(block.segment_indexes)) == (rows, {7}, {1})
    assert (block.values == value).all()


def test_a_burst_is_not_resident_for_good() -> None:
    """8 MB are touched by it and wait a while for the next; then they go back. What is written later is as ever."""
    buffer = PredictionBuffer(WIDTH, ROWS)
    _pass(buffer, ROWS, 1.0)
    assert _resident(buffer._values) == pytest.approx(8_000_000, rel=0.01)
    for _ in range(SETTLE_TAKES - 1):
        _pass(buffer, 10, 2.0)
    assert _resident(buffer._values) == pytest.approx(8_000_000, rel=0.01)
    for _ in range(SETTLE_TAKES):
        _pass(buffer, 10, 3.0)
    assert _resident(buffer._values) == mmap.PAGESIZE
    assert _resident(buffer._answers) == mmap.PAGESIZE
    _pass(buffer, ROWS, 5.0)


def test_what_is_used_every_time_stays() -> None:
    """Pages that each pass fills are not fetched anew after a settlement: the advice begins beyond them."""
    buffer, given = PredictionBuffer(WIDTH, ROWS), []
    buffer._of_values.give_back = given.append  # type: ignore[method-assign]
    for _ in range(2 * SETTLE_TAKES):
        _pass(buffer, 1_000, 1.0)
    assert given == [1_000 * WIDTH * 8] * 2


def test_the_first_bytes_stay_whatever_the_page() -> None:
    """The rest of the page they end on, too."""
    page = mmap.PAGESIZE
    pages = PrivatePages(10 * page)
    pages.map[:] = b"x" * (10 * page)
    pages.give_back(page + 1)
    assert pages.map[: 2 * page] == b"x" * (2 * page)
    assert pages.map[2 * page :] == bytes(8 * page)
    pages.give_back(10 * page)
    pages.give_back(0)
    assert pages.map[:] == bytes(10 * page)
    assert PrivatePages(0).map[:1] == b"\0"
