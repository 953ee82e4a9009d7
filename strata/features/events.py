"""A batch of events in columns: what `build_rows` and `fold` read.

Text is dictionary coded (int32 codes into words, -1 for null), so a filter or a hash is worked out once per
distinct word. Numbers are int64 with a validity mask. Build one from Python values (`from_columns`) or from an
Arrow table of the history's schema (`from_arrow`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt

from strata.errors import InputInvalid
from strata.features.packed import TIME_LIMIT_US, PackedEvent

IntArray = npt.NDArray[np.int64]
DAY_US: Final = 86_400_000_000
_PACKED_FROM: Final = 20_000
"""Words from which they are kept packed; fewer are quicker at hand as strings."""


class PackedWords(Sequence[str]):
    """Many words as Arrow holds them: UTF-8 one after the other, and where each begins. A word is made when asked for:
    making a million of them takes longer than building a thousand users' rows from them."""

    def __init__(self, data: bytes, begin: IntArray) -> None:
        """`begin`: int64 [n + 1] into `data`, from 0."""
        self.data, self.begin = data, begin

    def __len__(self) -> int:
        return len(self.begin) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        return self.data[self.begin[index] : self.begin[index + 1]].decode()


@dataclass(frozen=True)
class Text:
    """A text column: `codes` int32 [n] into `words`; -1 is null. Words may repeat nowhere."""

    codes: npt.NDArray[np.int32]
    words: Sequence[str]

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Text:
        """Code a sequence of strings, None for null."""
        index: dict[str, int] = {}
        codes = [-1 if value is None else index.setdefault(value, len(index)) for value in values]
        return cls(np.array(codes, dtype=np.int32), tuple(index))

    @classmethod
    def from_arrow(cls, column: Any) -> Text:
        """Code an Arrow (chunked) array of strings."""
        coded = column.combine_chunks() if hasattr(column, "combine_chunks") else column
        if hasattr(coded, "chunks"):
            coded = coded.chunk(0) if coded.num_chunks else coded
        if not hasattr(coded, "indices"):
            coded = coded.dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        return cls(codes, _words_of(coded.dictionary))

    def take(self, index: npt.NDArray[np.intp]) -> Text:
        """The rows at `index`; the words are shared."""
        return Text(self.codes[index], self.words)

    def compact(self) -> Text:
        """The same column with only the words in use, so that each is hashed for a reason."""
        if len(self.codes) >= 4 * len(self.words):
            return self
        used, codes = np.unique(self.codes, return_inverse=True)
        nulls = int(len(used) > 0 and used[0] < 0)
        return Text(codes.astype(np.int32) - nulls, tuple(self.words[code] for code in used[nulls:]))


def _words_of(dictionary: Any) -> Sequence[str]:
    if len(dictionary) < _PACKED_FROM or str(dictionary.type) != "string":
        return tuple(dictionary.to_pylist())
    _, offsets, data = dictionary.buffers()
    first, count = dictionary.offset, len(dictionary)
    begin = np.frombuffer(offsets, dtype=np.int32, count=first + count + 1)[first:].astype(np.int64)
    return PackedWords(data.slice(int(begin[0]), int(begin[-1] - begin[0])).to_pybytes(), begin - begin[0])


@dataclass(frozen=True)
class Numbers:
    """A nullable int64 column: `values` where `valid`, zero elsewhere."""

    values: IntArray
    valid: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, values: Sequence[int | None]) -> Numbers:
        """Code a sequence of whole numbers, None for null. Raises InputInvalid outside int64."""
        valid = np.array([value is not None for value in values], dtype=np.bool_)
        try:
            numbers = np.array([0 if value is None else value for value in values], dtype=np.int64)
        except OverflowError:
            raise InputInvalid("a number does not fit 64 bits; check the scale it was read with") from None
        return cls(numbers, valid)

    @classmethod
    def from_arrow(cls, column: Any) -> Numbers:
        """Code an Arrow (chunked) array of integers."""
        valid = column.is_valid().to_numpy().astype(np.bool_)
        return cls(column.fill_null(0).to_numpy().astype(np.int64), valid)

    def take(self, index: npt.NDArray[np.intp]) -> Numbers:
        """The rows at `index`."""
        return Numbers(self.values[index], self.valid[index])


@dataclass(frozen=True)
class EventBatch:
    """Events in columns of equal length, in any order; see contract 1 for what each means. Times are us UTC."""

    users: Text
    event_id: Text
    event_time_us: IntArray
    recorded_us: IntArray
    utc_offset_s: IntArray
    event_type: Text
    session_id: Text
    item_id: Text
    category: Text
    value: Numbers
    quantity: Numbers
    discount: Numbers

    def __len__(self) -> int:
        return len(self.event_time_us)

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence[Any]]) -> EventBatch:
        """From Python or numpy columns named as in contract 1, except times: `event_time_us`, `recorded_us`.

        `user_id`, `event_id`, `event_type` and `event_time_us` are required; `recorded_us` defaults to the event
        time, `utc_offset_s` to 0, the others to null.
        """
        count = len(columns["event_time_us"])
        nulls = [None] * count
        times = np.asarray(columns["event_time_us"], dtype=np.int64)
        return _checked(
            cls(
                users=Text.of(columns["user_id"]),
                event_id=Text.of(columns["event_id"]),
                event_time_us=times,
                recorded_us=np.asarray(columns.get("recorded_us", times), dtype=np.int64),
                utc_offset_s=np.asarray(columns.get("utc_offset_s", np.zeros(count)), dtype=np.int64),
                event_type=Text.of(columns["event_type"]),
                session_id=Text.of(columns.get("session_id", nulls)),
                item_id=Text.of(columns.get("item_id", nulls)),
                category=Text.of(columns.get("category", nulls)),
                value=Numbers.of(columns.get("value", nulls)),
                quantity=Numbers.of(columns.get("quantity", nulls)),
                discount=Numbers.of(columns.get("discount", nulls)),
            )
        )

    @classmethod
    def from_arrow(cls, table: Any) -> EventBatch:
        """From an Arrow table of the history's schema (`strata.events.event_schema`); extra columns are ignored."""

        def text(name: str) -> Text:
            return Text.from_arrow(table.column(name))

        def number(name: str) -> Numbers:
            return Numbers.from_arrow(table.column(name))

        def whole(name: str) -> IntArray:
            return np.asarray(table.column(name).cast("int64").to_numpy(), dtype=np.int64)

        return _checked(
            cls(
                users=text("user_id"),
                event_id=text("event_id"),
                event_time_us=whole("event_time"),
                recorded_us=whole("recorded_at"),
                utc_offset_s=whole("utc_offset_s"),
                event_type=text("event_type"),
                session_id=text("session_id"),
                item_id=text("item_id"),
                category=text("category"),
                value=number("value"),
                quantity=number("quantity"),
                discount=number("discount"),
            )
        )

    def take(self, index: npt.NDArray[np.intp]) -> EventBatch:
        """The events at `index`."""
        taken: dict[str, Any] = {}
        for column in fields(self):
            held = getattr(self, column.name)
            taken[column.name] = held[index] if isinstance(held, np.ndarray) else held.take(index)
        return EventBatch(**taken)

    def packed(self) -> Iterator[PackedEvent]:
        """The events one by one, as records of the log hold them."""
        texts = [
            [None if code < 0 else column.words[code] for code in column.codes.tolist()]
            for column in (self.users, self.event_id, self.event_type, self.session_id, self.item_id, self.category)
        ]
        numbers = [
            [number if valid else None for number, valid in zip(c.values.tolist(), c.valid.tolist(), strict=True)]
            for c in (self.value, self.quantity, self.discount)
        ]
        times = (self.event_time_us.tolist(), self.recorded_us.tolist(), self.utc_offset_s.tolist())
        for user, id_, kind, at_us, recorded_us, offset_s, *rest in zip(
            *texts[:3], *times, *texts[3:], *numbers, strict=True
        ):
            yield PackedEvent(user, id_, kind, at_us, recorded_us, offset_s, *rest)

    def by_user(self) -> Iterator[tuple[str, EventBatch]]:
        """Each user's events, users in byte order: how a stream is folded row by row."""
        order = np.argsort(self.users.codes, kind="stable")
        codes, starts = np.unique(self.users.codes[order], return_index=True)
        split = np.split(order, starts[1:]) if len(codes) else []
        parts = dict(zip((self.users.words[code] for code in codes), split, strict=True))
        for user in sorted(parts, key=str.encode):
            yield user, self.take(parts[user])


def _checked(batch: EventBatch) -> EventBatch:
    for name in ("users", "event_id", "event_type"):
        if (getattr(batch, name).codes < 0).any():
            raise InputInvalid(f"an event has no {name.removesuffix('s')}; every event needs one")
    for times in (batch.event_time_us, batch.recorded_us):
        if len(times) and (times.min() < -TIME_LIMIT_US or times.max() > TIME_LIMIT_US):
            raise InputInvalid("an event's time is thousands of years away; times are microseconds since 1970, UTC")
    lengths = {column.name: _length(getattr(batch, column.name)) for column in fields(batch)}
    if len(set(lengths.values())) > 1:
        raise InputInvalid(f"event columns differ in length: {lengths}")
    return batch


def _length(column: Text | Numbers | IntArray) -> int:
    if isinstance(column, Text):
        return len(column.codes)
    return len(column.values if isinstance(column, Numbers) else column)
