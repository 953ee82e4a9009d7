"""Children's logs stay bounded and readable."""

from __future__ import annotations

from pathlib import Path

from strata.processes.logs import append_log, cut_log, open_log, tail


def test_a_new_start_keeps_the_last_runs_log(tmp_path: Path) -> None:
    """The log of the run before is set aside, one generation deep."""
    log = tmp_path / "gateway.log"
    for words in (b"first", b"second", b"third"):
        with open_log(log) as stream:
            stream.write(words)
    assert log.read_bytes() == b"third"
    assert (tmp_path / "gateway.log.1").read_bytes() == b"second"


def test_a_grown_log_is_cut_under_its_writer(tmp_path: Path) -> None:
    """The child goes on writing into the emptied file, at its beginning."""
    log = tmp_path / "bento.log"
    with open_log(log) as stream:
        stream.write(b"x" * 100)
        stream.flush()
        assert not cut_log(log, max_bytes=100)
        assert cut_log(log, max_bytes=99)
        stream.write(b"after")
    assert log.read_bytes() == b"after"
    assert (tmp_path / "bento.log.1").read_bytes() == b"x" * 100


def test_a_log_there_is_no_room_to_keep_is_cut_all_the_same(tmp_path: Path) -> None:
    """It gives its room back and says what is gone; no half of it is left beside it, to be read again and again."""
    log, older = tmp_path / "bento.log", tmp_path / "bento.log.1"
    older.symlink_to("/dev/full")
    with append_log(log) as stream:
        stream.write(b"x" * 100)
        stream.flush()
        assert cut_log(log, max_bytes=99)
        stream.write(b"after")
    assert log.read_bytes() == (
        b"strata: this log was cut at 99 bytes and could not be kept: No space left on device\nafter"
    )
    assert not older.is_symlink()
    log.write_bytes(b"y" * 100)
    assert cut_log(log, max_bytes=99)
    assert (log.read_bytes(), older.read_bytes()) == (b"", b"y" * 100)


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    """Undecodable bytes do not hide the words around them; a missing log is empty."""
    log = tmp_path / "a.log"
    log.write_bytes(b"one\ntwo\nthr\xffee\n\n")
    assert tail(log, 2) == "two\nthr\N{REPLACEMENT CHARACTER}ee"
    assert tail(tmp_path / "none.log", 2) == ""
