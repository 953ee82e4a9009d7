"""The pages of LMDB's file, mapped into a process before it reads."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.soak.memory import read_held
from strata.state import LmdbState, mapped_pages, open_state
from strata.state.damage import data_file
from strata.state.mapped_pages import map_in

ROW = bytes(2_000)
USERS = [f"user-{number}" for number in range(2_000)]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[LmdbState]:
    """Opened anew: a map that its own process wrote may hold pages."""
    with open_state(tmp_path / "state") as written:
        written.put("purchases", ((user, ROW) for user in USERS))
    with open_state(tmp_path / "state", readonly=True) as opened:
        yield opened


def mapped(tmp_path: Path) -> int:
    held = read_held(os.getpid(), data_file(tmp_path / "state").resolve())
    assert held is not None
    return held.state


def kernel_can() -> bool:
    """Whether this one knows MADV_POPULATE_READ: of no bytes it is asked at the process' own first page."""
    buffer = ctypes.create_string_buffer(1 << 14)
    page = -(-ctypes.addressof(buffer) // 4096) * 4096
    return not ctypes.CDLL(None).madvise(ctypes.c_void_p(page), ctypes.c_size_t(4096), 22)


knows = pytest.mark.skipif(not kernel_can(), reason="MADV_POPULATE_READ is Linux 5.14's")


@knows
def test_every_page_is_mapped_before_the_first_read(state: LmdbState, tmp_path: Path) -> None:
    """And rows are those that were written."""
    size = data_file(tmp_path / "state").stat().st_size
    assert mapped(tmp_path) < size / 4
    assert map_in(tmp_path / "state") == size
    assert mapped(tmp_path) == size
    assert state.read("purchases", ["user-7", "nobody"]) == [ROW, None]


@knows
def test_a_link_to_the_folder_is_followed(state: LmdbState, tmp_path: Path) -> None:
    """The kernel names the file itself."""
    (tmp_path / "link").symlink_to(tmp_path / "state")
    assert map_in(tmp_path / "link") == data_file(tmp_path / "state").stat().st_size


@pytest.mark.parametrize(("most_bytes", "available_kb"), [(1 << 20, 90_000_000), (1 << 30, 8_000)])
def test_a_large_file_is_left_alone(
    state: LmdbState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_bytes: int, available_kb: int
) -> None:
    """One past the limit, and one past a quarter of the memory that is available."""
    monkeypatch.setattr(mapped_pages, "MOST_BYTES", most_bytes)
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "maps").symlink_to("/proc/self/maps")
    (proc / "meminfo").write_text(f"MemAvailable: {available_kb} kB\n", encoding="ascii")
    before = mapped(tmp_path)
    assert map_in(tmp_path / "state", proc=proc) == 0
    assert mapped(tmp_path) == before


def test_a_machine_without_it_is_no_harm(state: LmdbState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No /proc; a kernel that does not know the advice; a file nobody has mapped; no file."""
    assert map_in(tmp_path / "state", proc=tmp_path / "nowhere") == 0
    monkeypatch.setattr(mapped_pages, "_POPULATE_READ", 9_999)
    assert map_in(tmp_path / "state") == 0
    (tmp_path / "other").mkdir()
    data_file(tmp_path / "other").write_bytes(bytes(100))
    assert map_in(tmp_path / "other") == 0
    assert map_in(tmp_path / "nothing") == 0
    assert state.read("purchases", ["user-7"]) == [ROW]


@knows
def test_a_file_cut_short_under_the_map_is_no_end(tmp_path: Path) -> None:
    """Reading past its end would kill by SIGBUS; in a process of its own, should it."""
    with open_state(tmp_path / "state") as written:
        written.put("purchases", ((user, ROW) for user in USERS))
    lines = (
        "import os, sys; from pathlib import Path; from strata.state import open_state",
        "from strata.state.mapped_pages import _mappings, _populate",
        "folder = Path(sys.argv[1]); state = open_state(folder, readonly=True); path = (folder / 'data.mdb').resolve()",
        "size = path.stat().st_size; os.truncate(path, 40_960)",
        "print([_populate(start, size) for start, _ in _mappings(path, Path('/proc'))])",
    )
    command = [sys.executable, "-c", "\n".join(lines), str(tmp_path / "state")]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout == "[0]\n"
