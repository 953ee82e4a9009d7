"""Folding and building rows by the C kernel."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from ctypes import Structure, addressof, c_char_p, c_int64, c_void_p, string_at
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from strata.features.events import EventBatch, Numbers, PackedWords, Text
from strata.features.layout import Layout
from strata.features.native_handle import NativeHandle

IntArray = npt.NDArray[np.int64]
_NONE: Final = 1
_NEW: Final = 2
_USERS: Final = 1_024
"""Rows made in one call of a build: some megabytes."""
_LONGEST: Final = 0xFFFF
"""Bytes of a text in a record."""


class _Text(Structure):
    _fields_ = (("codes", c_void_p), ("data", c_char_p), ("begin", c_void_p), ("words", c_int64))


class _Number(Structure):
    _fields_ = (("values", c_void_p), ("valid", c_void_p))


class _Batch(Structure):
    _fields_ = (
        ("count", c_int64), ("users", _Text), ("event_id", _Text), ("text", _Text * 4), ("event_time_us", c_void_p),
        ("recorded_us", c_void_p), ("utc_offset_s", c_void_p), ("number", _Number * 3),
    )  # fmt: skip


def fold_users(  # noqa: PLR0917 - the twin's, and the library
    handle: NativeHandle,
    layout: Layout,
    rows: Sequence[bytes | None],
    records: Sequence[bytes],
    index: IntArray,
    offsets: IntArray,
) -> tuple[list[bytes | None], npt.NDArray[np.uint8]] | None:
    """As `strata.features.fold.fold_users`; None for a layout this kernel cannot do."""
    plan = handle.plan(layout)
    if plan is None:
        return None
    if not len(index) == len(offsets) == len(records):
        raise ValueError(f"{len(records)} records have {len(index)} users and {len(offsets)} offsets")
    index, offsets = np.ascontiguousarray(index), np.ascontiguousarray(offsets)
    verdicts = np.zeros(len(records), dtype=np.uint8)
    ends, kept = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.uint8)
    given, sizes = _pointers(rows)
    read, read_sizes = _pointers(records)
    with handle.arena() as arena:
        fault = handle.call.fold(
            plan.address, arena, given, sizes.buffer_info()[0], len(rows), read, read_sizes.buffer_info()[0],
            len(records), _address(index), _address(offsets), _address(verdicts), _address(ends), _address(kept),
        )  # fmt: skip
        made = b"" if fault else _made(handle, arena, ends)
    handle.check(fault, layout.table)
    result, begin = list(rows), 0
    for i, (end, what) in enumerate(zip(ends.tolist(), kept.tolist(), strict=True)):
        if what == _NEW:
            result[i] = made[begin:end]
        elif what == _NONE:
            result[i] = None
        begin = end
    return result, verdicts


def build_rows(handle: NativeHandle, layout: Layout, events: EventBatch) -> Iterator[tuple[str, bytes]] | None:
    """As `strata.features.build.build_rows`, at no position; None when the pure twin must do it, or refuse it."""
    plan = handle.plan(layout)
    batch = None if plan is None else _batch(events)
    if plan is None or batch is None:
        return None
    return _build(handle, layout, plan, events.users, batch)


def _build(
    handle: NativeHandle, layout: Layout, plan: Any, users: Text, batch: tuple[_Batch, list[Any]]
) -> Iterator[tuple[str, bytes]]:
    build = handle.call.build_new(plan.address, addressof(batch[0]))
    if not build:
        raise MemoryError
    try:
        used = np.flatnonzero(np.bincount(users.codes, minlength=len(users.words))).tolist()
        # Code points sort as their UTF-8 bytes do.
        used.sort(key=users.words.__getitem__)
        for at in range(0, len(used), _USERS):
            codes = np.array(used[at : at + _USERS], dtype=np.int32)
            ends, kept = np.zeros(len(codes), dtype=np.int64), np.zeros(len(codes), dtype=np.uint8)
            with handle.arena() as arena:
                fault = handle.call.build(build, arena, _address(codes), len(codes), _address(ends), _address(kept))
                made = b"" if fault else _made(handle, arena, ends)
            handle.check(fault, layout.table)
            begin = 0
            for code, end, what in zip(codes.tolist(), ends.tolist(), kept.tolist(), strict=True):
                if what == _NEW:
                    yield users.words[code], made[begin:end]
                begin = end
    finally:
        handle.call.build_free(build)


def _pointers(texts: Sequence[bytes | None]) -> tuple[Any, array[int]]:
    pointers = (c_char_p * len(texts))(*texts)
    sizes = array("I", [0 if text is None else len(text) for text in texts])
    return pointers, sizes


def _made(handle: NativeHandle, arena: int, ends: IntArray) -> bytes:
    size = int(ends[-1]) if len(ends) else 0
    return string_at(handle.call.arena_rows(arena), size) if size else b""


def _address(column: npt.NDArray[Any]) -> int:
    address: int = column.ctypes.data
    return address


def _batch(events: EventBatch) -> tuple[_Batch, list[Any]] | None:
    """The batch as the kernel takes it, and what must live as long; None when a part fits no record of the log."""
    offsets = events.utc_offset_s
    if len(events) and (offsets.min() < -(2**31) or offsets.max() >= 2**31):
        return None
    held: list[Any] = []

    def array_of(column: npt.NDArray[Any], kind: type) -> int:
        held.append(np.ascontiguousarray(column, dtype=kind))
        return _address(held[-1])

    def text(column: Text) -> _Text | None:
        data, begin = _words(column.words)
        held.append(data)
        if len(begin) > 1 and int(np.diff(begin).max()) > _LONGEST:
            return None
        return _Text(array_of(column.codes, np.int32), data, array_of(begin, np.int64), len(column.words))

    def number(column: Numbers) -> _Number:
        return _Number(array_of(column.values, np.int64), array_of(column.valid, np.uint8))

    columns = (events.users, events.event_id, events.event_type, events.item_id, events.category, events.session_id)
    texts = [found for column in columns if (found := text(column)) is not None]
    if len(texts) < len(columns):
        return None
    times = [array_of(c, np.int64) for c in (events.event_time_us, events.recorded_us, offsets)]
    numbers = [number(column) for column in (events.value, events.quantity, events.discount)]
    return _Batch(len(events), texts[0], texts[1], (_Text * 4)(*texts[2:]), *times, (_Number * 3)(*numbers)), held


def _words(words: Sequence[str]) -> tuple[bytes, IntArray]:
    if isinstance(words, PackedWords):
        return words.data, words.begin
    begin = np.zeros(len(words) + 1, dtype=np.int64)
    joined = "".join(words)
    texts: Sequence[str | bytes] = words if joined.isascii() else [word.encode() for word in words]
    np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(words)), out=begin[1:])
    return joined.encode(), begin
