"""Results found again by the same work, and by no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.scratch import digest, open_scratch

ROWS = np.arange(6.0).reshape(3, 2)


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    """By another process that asks with the same texts and rows; figures come back to the last bit."""
    open_scratch(tmp_path, "seed 7", ROWS).keep("clusters/3", {"silhouette": 0.1 + 0.2})
    again = open_scratch(tmp_path, "seed 7", ROWS.copy())
    assert "clusters/3" in again
    assert again.recall("clusters/3") == {"silhouette": 0.1 + 0.2}
    assert "clusters/4" not in again
    with pytest.raises(KeyError):
        again.recall("clusters/4")


@pytest.mark.parametrize(
    "other",
    [("seed 8", ROWS), ("seed 7", ROWS + 1), ("seed 7", ROWS.reshape(2, 3)), ("seed 7", ROWS, ROWS)],
    ids=["seed", "rows", "shape", "more"],
)
def test_other_work_finds_nothing(tmp_path: Path, other: tuple[str | np.ndarray, ...]) -> None:
    """Another seed, other values, another shape: nothing is there, and what others had kept is gone."""
    first = open_scratch(tmp_path, "seed 7", ROWS)
    first.keep("clusters/3", 1)
    assert "clusters/3" not in open_scratch(tmp_path, *other)
    assert first.path is not None
    assert not first.path.exists()


def test_a_line_cut_short_is_as_if_not_written(tmp_path: Path) -> None:
    """A kill while writing loses that result alone; what is kept afterwards is whole."""
    first = open_scratch(tmp_path, "x")
    first.keep("a", 1)
    first.keep("b", 2)
    assert first.path is not None
    whole = first.path.read_bytes()
    first.path.write_bytes(whole[:-9])
    again = open_scratch(tmp_path, "x")
    assert "a" in again
    assert "b" not in again
    again.keep("c", 3)
    last = open_scratch(tmp_path, "x")
    assert [last.recall(key) for key in ("a", "c")] == [1, 3]


def test_without_a_file_it_is_memory() -> None:
    """A caller who does not ask for resumption gets none, and no file."""
    scratch = open_scratch(None, "x")
    scratch.keep("a", [1.5])
    assert scratch.recall("a") == [1.5]
    assert "a" not in open_scratch(None, "x")


def test_a_digest_tells_doubles_from_singles() -> None:
    """The same numbers in another precision are other rows; so is a text that only runs on."""
    assert digest(ROWS) != digest(ROWS.astype(np.float32))
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("a", ROWS) == digest("a", np.asfortranarray(ROWS))
