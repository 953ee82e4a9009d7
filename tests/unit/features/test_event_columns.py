"""Events from Arrow tables: many words stay packed, and nobody can tell."""

from __future__ import annotations

import pyarrow as pa
import pytest
from event_factories import NOON_US, batch_of, every_function, make_event, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import layout_of

from strata.events import event_schema
from strata.features import events as events_module
from strata.features.build import build_rows
from strata.features.events import EventBatch, PackedWords, Text

WORDS = st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=8), max_size=30)


@pytest.fixture(autouse=True)
def _packed(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few words there are."""
    monkeypatch.setattr(events_module, "_PACKED_FROM", 0)


def _read(text: Text) -> list[str | None]:
    return [None if code < 0 else text.words[code] for code in text.codes.tolist()]


@settings(deadline=None)
@given(WORDS, st.integers(0, 5), st.integers(1, 4))
def test_a_column_reads_as_it_was_written(words: list[str | None], skipped: int, chunks: int) -> None:
    """Nulls, empty texts, any script, slices, and columns in pieces."""
    column = pa.chunked_array([pa.array(words, pa.string()).slice(skipped)] * chunks)
    text = Text.from_arrow(column)
    assert _read(text) == words[skipped:] * chunks
    assert isinstance(text.words, PackedWords)
    assert len(set(text.words)) == len(text.words)
    sliced = Text.from_arrow(pa.array(words, pa.string()).dictionary_encode())
    assert _read(sliced) == words


def test_packed_words_are_a_sequence() -> None:
    """From the front, from the back, a part of them; past the end is an error."""
    words = Text.from_arrow(pa.array(["a", "", "ü", "b"])).words
    assert (list(words), words[-1], words[1:3], len(words)) == (["a", "", "ü", "b"], "b", ["", "ü"], 4)
    for outside in (4, -5):
        with pytest.raises(IndexError):
            words[outside]


@pytest.mark.usefixtures("implementation")
def test_rows_are_the_same_bytes() -> None:
    """Built from packed words and from strings."""
    events = [
        make_event(user_id=f"ü{n % 7}", event_id=f"e{n}", event_time_us=NOON_US - n * 3_000_000, item_id=f"i{n % 5}")
        for n in range(200)
    ]
    layout = layout_of(plan_of(*every_function()))
    columns = {name: [event.get(name) for event in events] for name in event_schema().names}
    for name, key in (("event_time", "event_time_us"), ("recorded_at", "recorded_us")):
        columns[name] = pa.array([event[key] for event in events], pa.timestamp("us", tz="UTC"))
    table = pa.table(columns, schema=event_schema())
    packed = EventBatch.from_arrow(table)
    assert isinstance(packed.event_id.words, PackedWords)
    assert dict(build_rows(layout, packed)) == dict(build_rows(layout, batch_of(events)))
