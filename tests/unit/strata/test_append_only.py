"""A file of lines that only grows."""

from __future__ import annotations

from pathlib import Path

from strata.append_only import append_line, read_lines


def _append(path: Path, line: bytes) -> None:
    with path.open("a+b") as file:
        append_line(file.fileno(), line)


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    """And none from a file that is not there."""
    path = tmp_path / "log"
    assert read_lines(path) == []
    _append(path, b"one\n")
    _append(path, b"two\n")
    assert read_lines(path) == [b"one", b"two"]


def test_a_line_without_its_end_is_none_and_spoils_no_other(tmp_path: Path) -> None:
    """A writer was killed in the middle; the next line stands alone, and what was cut off is told from a whole one."""
    path = tmp_path / "log"
    path.write_bytes(b'{"a":1}\n{"a":')
    assert read_lines(path) == [b'{"a":1}']
    _append(path, b'{"a":2}\n')
    assert read_lines(path) == [b'{"a":1}', b'{"a": (unfinished)', b'{"a":2}']
