"""One user's stored rows to every model's answer and to the reply's bytes, in one call of the C kernel.

The same values, answers and bytes as `features.reader`, each model's `score_row` and the gateway's own writer give one
after the other. A single call's cost was mostly the steps between those three: see native/single.c.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import accumulate
from struct import Struct
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strata.features import native_source
from strata.features.reader import KernelTable
from strata.runtime.model import Floats
from strata.runtime.native_call import KernelScore

MOST_USER_BYTES: Final = 256
MOST_TABLES: Final = 64
"""The kernel's own bounds; what is past them is declined."""
_SIZE_BYTES: Final = 8
"""Of the reply's size, which what was found begins with; the stages' seconds come next."""
_STAGES: Final = Struct("<ddd")
_TIME_BYTES: Final = 32
"""Past any time as a field of the reply."""


class Counter(NamedTuple):
    """A float64 the kernel adds to."""

    address: int
    held: object
    """What keeps the address good."""


class HistogramPlace(NamedTuple):
    """Where the kernel counts observations: one float64 per upper bound, one past them, and their sum."""

    first: Counter
    bounds: Sequence[float]


class StagePlaces(NamedTuple):
    """Where the seconds of reading, scoring and writing are counted."""

    read: HistogramPlace
    scored: HistogramPlace
    written: HistogramPlace


class StageSeconds(NamedTuple):
    """What the stages of one answer took; reading with finding the rows."""

    read: float
    scored: float
    written: float


class AnswerPlaces(NamedTuple):
    """Where one model's answers are counted."""

    answers: Counter
    age: HistogramPlace
    """How old the features were, in seconds."""


class SinglePart(NamedTuple):
    """One model, what it reads, and what its part of the reply is made of."""

    score: KernelScore
    defaults: Floats | None
    """[width] in place of NaN."""
    tables: Sequence[int]
    """Which tables its values come from."""
    first: int
    width: int
    """Its values among all."""
    heads: Sequence[bytes]
    """Per segment, what stands before the score."""
    tail: bytes
    """What stands after it."""
    names: Sequence[bytes]
    """Per value, what says that it is missing."""
    counted: AnswerPlaces


class ReplyTags(NamedTuple):
    """Tags of the reply's fields, a byte each; `seconds` and `nanos` are those of times."""

    user: int
    part: int
    as_of: int
    age: int
    seconds: int
    nanos: int


class Answered(NamedTuple):
    """What `NativeSingle.answer` found."""

    reply: bytes
    numbers: tuple[Any, ...]
    """Of part p from `first_of(p)` on: its score, its segment, its watermark in us (the oldest over its tables; the
    least int64 where nothing says), and how many of its values are missing. As they were unpacked: whoever reads them
    makes something of their own of them."""


def first_of(part: int) -> int:
    """Where a part's numbers begin in `Answered.numbers`."""
    return 1 + 4 * part


class _Table(ctypes.Structure):
    _fields_ = (("windows", ctypes.c_void_p), ("facts", ctypes.c_void_p))


class _Histogram(ctypes.Structure):
    _fields_ = (("counts", ctypes.c_void_p), ("bounds", ctypes.c_void_p), ("bound_count", ctypes.c_int64))


class _Part(ctypes.Structure):
    _fields_ = (
        ("score", ctypes.c_void_p), ("model", ctypes.c_void_p), ("defaults", ctypes.c_void_p),
        ("tables", ctypes.c_void_p), ("table_count", ctypes.c_int64), ("first", ctypes.c_int64),
        ("count", ctypes.c_int64), ("bytes", ctypes.c_char_p), ("heads", ctypes.c_void_p), ("names", ctypes.c_void_p),
        ("tail", ctypes.c_char_p), ("tail_size", ctypes.c_int64), ("answers", ctypes.c_void_p), ("age", _Histogram),
    )  # fmt: skip


class _Single(ctypes.Structure):
    _fields_ = (
        ("table_count", ctypes.c_int64), ("column_count", ctypes.c_int64), ("part_count", ctypes.c_int64),
        ("tables", ctypes.c_void_p), ("parts", ctypes.c_void_p), ("tags", ctypes.c_uint8 * 8),
        ("rows", ctypes.c_void_p), ("sizes", ctypes.c_void_p), ("marks", ctypes.c_void_p), ("values", ctypes.c_void_p),
        ("filled", ctypes.c_void_p), ("found", ctypes.c_void_p), ("reply", ctypes.c_void_p),
        ("read", _Histogram), ("scored", _Histogram), ("written", _Histogram),
    )  # fmt: skip


class NativeSingle:
    """The tables and models of one kind of question, laid out for the kernel. One call at a time."""

    def __init__(
        self,
        tables: Sequence[KernelTable],
        columns: int,
        parts: Sequence[SinglePart],
        *,
        tags: ReplyTags,
        stages: StagePlaces,
        held: object,
    ) -> None:
        """`columns`: values of all parts together. `held`: what keeps the tables' addresses good.

        Raises ValueError for more tables than the kernel takes.
        """
        if len(tables) > MOST_TABLES:
            raise ValueError(f"{len(tables)} tables; the kernel takes {MOST_TABLES}")
        self.values = np.empty(columns)
        """[columns]; those of the last answer."""
        self._held: list[Any] = [held, tables, parts, stages]
        count = len(tables)
        self._rows: Any = (ctypes.c_char_p * count)()
        self._sizes, self._marks = bytearray(8 * count), bytearray(8 * count)
        self._numbers = Struct(f"<{count}q")
        # What was counted of the stages is passed over: it is looked at where somebody asks.
        self._found = Struct(f"<q{_STAGES.size}x" + len(parts) * "dqqq")
        self._found_bytes, self._reply = bytearray(self._found.size), bytearray(_room(parts))
        self._reply_view = memoryview(self._reply)
        self._marked: Sequence[int] | None = None
        table_array = (_Table * count)(*(_Table(*table) for table in tables))
        part_array = (_Part * len(parts))(*(self._part(part) for part in parts))
        self._single = _Single(
            count, columns, len(parts), self._keep(table_array), self._keep(part_array), (ctypes.c_uint8 * 8)(*tags),
            ctypes.addressof(self._rows), self._keep(_view(self._sizes)), self._keep(_view(self._marks)),
            self.values.ctypes.data, self._array(np.empty(columns)), self._keep(_view(self._found_bytes)),
            self._keep(_view(self._reply)), *(self._histogram(stage) for stage in stages),
        )  # fmt: skip
        self._address = ctypes.addressof(self._single)
        self._call = _function()

    def answer(
        self, rows: Sequence[bytes | None], user: bytes, at_us: int, *, marks: Sequence[int], found_s: float
    ) -> Answered | None:
        """The row of each table, how far each table had got, and the instant; None for what is not ordinary, which is
        not counted either. `found_s`: what finding the rows took.

        Ordinary is a user every model knows, whose rows are whole and of the layout that was compiled.
        """
        if marks is not self._marked:
            self._numbers.pack_into(self._marks, 0, *marks)
            self._marked = marks
        self._rows[:] = rows
        self._numbers.pack_into(self._sizes, 0, *[0 if row is None else len(row) for row in rows])
        if self._call(self._address, user, len(user), at_us, found_s):
            return None
        found = self._found.unpack_from(self._found_bytes)
        return Answered(self._reply_view[: found[0]].tobytes(), found)

    def stages(self) -> StageSeconds:
        """Of the last answer, as they were counted."""
        return StageSeconds(*_STAGES.unpack_from(self._found_bytes, _SIZE_BYTES))

    def _part(self, part: SinglePart) -> _Part:
        heads, names = _starts(part.heads, 0), _starts(part.names, sum(map(len, part.heads)))
        return _Part(
            part.score.function, part.score.model, None if part.defaults is None else self._array(part.defaults),
            self._array(np.array(part.tables, dtype=np.int64)), len(part.tables), part.first, part.width,
            self._bytes(b"".join((*part.heads, *part.names))), self._array(heads), self._array(names),
            self._bytes(part.tail), len(part.tail), part.counted.answers.address, self._histogram(part.counted.age),
        )  # fmt: skip

    def _histogram(self, place: HistogramPlace) -> _Histogram:
        bounds = np.array(place.bounds, dtype=np.float64)
        return _Histogram(place.first.address, self._array(bounds), len(bounds))

    def _array(self, array: NDArray[Any]) -> int:
        self._held.append(array := np.ascontiguousarray(array))
        return array.ctypes.data

    def _bytes(self, content: bytes) -> bytes:
        self._held.append(content)
        return content

    def _keep(self, thing: Any) -> int:
        self._held.append(thing)
        return ctypes.addressof(thing)


def _function() -> Any:
    """Keeps the interpreter's lock: giving it up costs more than the call."""
    function = ctypes.PyDLL(str(native_source.library())).strata_single
    function.restype = ctypes.c_int
    function.argtypes = (
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_double,
    )  # fmt: skip
    return function


def _view(buffer: bytearray) -> Any:
    return (ctypes.c_char * len(buffer)).from_buffer(buffer)


def _starts(pieces: Sequence[bytes], first: int) -> NDArray[np.int64]:
    return np.array(list(accumulate(map(len, pieces), initial=first)), dtype=np.int64)


def _room(parts: Sequence[SinglePart]) -> int:
    """Past the longest reply."""
    longest = (
        max(map(len, part.heads)) + len(part.tail) + sum(map(len, part.names)) + 2 * _TIME_BYTES for part in parts
    )
    return MOST_USER_BYTES + 2 * _TIME_BYTES + sum(longest)
