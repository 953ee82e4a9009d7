"""The trailer that tells where a call's time went."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata import call_timing
from strata.call_timing import MOST_TRAILER, CallTiming, Step, TimingUnreadable, read_timing, write_timing
from strata.command.explain import breakdown

seconds = st.integers(0, 10**12).map(lambda ns: ns / 1e9)
steps = st.builds(
    Step,
    st.sampled_from(["features", "score", "reply"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    seconds,
    seconds,
)


@pytest.mark.parametrize("module", [call_timing, breakdown])
def test_docstring_examples_are_true(module: object) -> None:
    """What a docstring shows is what happens."""
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0


@given(st.builds(CallTiming, seconds, seconds, st.lists(steps, max_size=20).map(tuple)))
def test_what_was_written_is_read(timing: CallTiming) -> None:
    """To the nanosecond, whatever a segmenter is called, in characters metadata can have."""
    text = write_timing(timing)
    assert text.isascii()
    assert text.isprintable()
    found = read_timing(text)
    assert found.began_s == pytest.approx(timing.began_s, abs=1e-9)
    assert found.seconds == pytest.approx(timing.seconds, abs=1e-9)
    for one, other in zip(found.steps, timing.steps, strict=True):
        assert (one.name, one.segmenter) == (other.name, other.segmenter)
        assert (one.at_s, one.seconds) == pytest.approx((other.at_s, other.seconds), abs=1e-9)


def test_a_name_outside_ascii_is_told_as_far_as_it_can_be() -> None:
    """Metadata has no other characters."""
    [step] = read_timing(write_timing(CallTiming(1.0, 1.0, (Step("score", "käufer", 0.0, 0.5),)))).steps
    assert step.segmenter == "k?ufer"


def test_a_trailer_has_room_in_a_reply() -> None:
    """Steps past the bound are left out whole: what is left is read."""
    many = tuple(Step("score", f"segmenter_{n}", n / 1e3, 1e-3) for n in range(1_000))
    text = write_timing(CallTiming(1.0, 1.0, many))
    assert MOST_TRAILER - 100 < len(text) <= MOST_TRAILER
    assert read_timing(text).steps == many[: len(read_timing(text).steps)]


@pytest.mark.parametrize(
    "text",
    [
        "", "garbage", "handler", "handler;dur=1", "handler;began_ns=1", "handler;dur=x;began_ns=1",
        "handler;dur=nan;began_ns=1", "handler;dur=-1;began_ns=1", "handler;dur=1e9;began_ns=1",
        "handler;dur=1;began_ns=1, score;at=1", "handler;dur=1;began_ns=1, score;dur=1;at=",
        'handler;dur=1;began_ns=1, score;desc="open;dur=1;at=1', "handler;dur=1;began_ns=1;;", "x" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_timing_is_one_sentence(text: str) -> None:
    """It shows what was sent, cut where it is long."""
    with pytest.raises(TimingUnreadable, match="sent timings this client cannot read") as caught:
        read_timing(text)
    assert len(str(caught.value)) < 220


def test_entries_of_others_are_passed_over() -> None:
    """As a proxy may add them to such a list."""
    found = read_timing('proxy;dur=3, handler;dur=1;began_ns=5 , edge;desc="a \\"b\\", c", miss')
    assert found == CallTiming(5e-9, 0.001, ())
