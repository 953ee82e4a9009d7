"""One LMDB environment per process and real path, with its errors in the platform's words."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import lmdb

from strata.errors import StoreDamaged, StoreUnavailable
from strata.state.damage import check_whole, data_file, extend_to_last_page

MAX_DBS: Final = 1_024
"""Two per table, and the catalog."""
MAX_READERS: Final = 512
READER_CHECK_S: Final = 5.0
"""How often a writer frees the reader slots of dead processes. One that died inside a read pins every page freed since:
the file would grow with each write for as long as the slot stands."""
MEMORY_SHARE: Final = 0.5
"""A file up to this share of the machine's memory is expected to end up in the page cache whole."""
DAMAGE: Final = (
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.InvalidError,
    lmdb.VersionMismatchError,
    lmdb.PanicError,
)
_MISSING: Final = (lmdb.NotFoundError, lmdb.ReadonlyError)
T = TypeVar("T")


class Environment:
    """An open environment and the named databases opened in it. Thread safe."""

    def __init__(self, folder: Path, *, readonly: bool, map_bytes: int) -> None:
        self.folder, self.readonly = folder, readonly
        self.users = 0
        self._lock = threading.RLock()
        self.reading = threading.Lock()
        """Held by each read for its moment: the map must not be resized under a transaction of the same process."""
        self._databases: dict[bytes, Any] = {}
        with told(folder):
            self.lmdb: Any = _open(folder, readonly=readonly, map_bytes=map_bytes)
            self.lmdb.reader_check()
            self._page_size = self.lmdb.stat()["psize"]
        self._checked_s = time.monotonic()

    def database(self, name: bytes, *, create: bool = False) -> Any | None:
        """A named database; None when it is not there. Never call it inside a transaction of the same thread."""
        with self._lock:
            found = self._databases.get(name)
            if found is None:
                found = self._open_database(name, create=create)
                if found is not None:
                    self._databases[name] = found
            return found

    def write(self, work: Callable[[Any], T]) -> T:
        """Run `work` in a write transaction; a full map is doubled and `work` run again."""
        with self._lock, told(self.folder):
            self._free_dead_readers()
            while True:
                try:
                    with self.lmdb.begin(write=True) as transaction:
                        result = work(transaction)
                    break
                except lmdb.MapFullError:
                    self._resize(2 * self.lmdb.info()["map_size"])
                except lmdb.MapResizedError:
                    self._resize(0)
            extend_to_last_page(self.folder, self.lmdb.info()["last_pgno"], self._page_size)
            return result

    def adopt_size(self) -> None:
        """Take over a map size another process has set."""
        with self._lock, told(self.folder):
            self._resize(0)

    def sync(self) -> None:
        """Put on disk what was committed, the last meta page included."""
        with told(self.folder):
            self.lmdb.sync(True)

    def close(self) -> None:
        """Close the map; no transaction may be open."""
        if not self.readonly:
            self.sync()
        self.lmdb.close()

    def _resize(self, size: int) -> None:
        """Set the map's size; 0: what another process has made it."""
        with self.reading:
            self.lmdb.set_mapsize(size)

    def _free_dead_readers(self) -> None:
        now_s = time.monotonic()
        if now_s - self._checked_s >= READER_CHECK_S:
            self._checked_s = now_s
            self.lmdb.reader_check()

    def _open_database(self, name: bytes, *, create: bool) -> Any | None:
        # Without a transaction of ours: py-lmdb ends a read-only one by a reset, and the handle would go with it.
        while True:
            try:
                with told(self.folder, *_MISSING, lmdb.MapResizedError), self.reading:
                    return self.lmdb.open_db(name, create=create)
            except _MISSING:
                return None
            except lmdb.MapResizedError:
                self.adopt_size()


_open_environments: dict[Path, Environment] = {}
_opening = threading.Lock()


def acquire(path: Path, *, readonly: bool, map_bytes: int) -> Environment:
    """The process's environment of a folder; opened when it is the first. Raises StoreUnavailable, StoreDamaged."""
    folder = Path(os.path.realpath(path))
    with _opening:
        environment = _open_environments.get(folder)
        if environment is not None and environment.readonly and not readonly:
            raise StoreUnavailable(
                f"the online state {folder} is open for reading only in this process; close it first"
            )
        if environment is None:
            environment = Environment(folder, readonly=readonly, map_bytes=map_bytes)
            _open_environments[folder] = environment
        environment.users += 1
        return environment


def release(environment: Environment) -> None:
    """Give an environment back; the last one closes it."""
    with _opening:
        environment.users -= 1
        if environment.users == 0:
            _open_environments.pop(environment.folder, None)
            environment.close()


@contextmanager
def told(folder: Path, *passed: type[Exception]) -> Iterator[None]:
    """LMDB's and the file system's errors as ours, but for those that are passed on."""
    try:
        yield
    except passed:
        raise
    except DAMAGE as error:
        raise StoreDamaged(
            f"the online state {folder} is damaged ({error}). Stop what uses it, remove the folder and rebuild it "
            "with: strata features materialize"
        ) from error
    except (lmdb.Error, OSError) as error:
        raise StoreUnavailable(
            f"the online state {folder} cannot be used: {error}. Check that the folder, lock.mdb included, is this "
            "user's to write and that the disk is not full"
        ) from error


def _open(folder: Path, *, readonly: bool, map_bytes: int) -> Any:
    path = data_file(folder)
    if readonly and (not path.is_file() or path.stat().st_size == 0):
        raise StoreUnavailable(f"there is no online state in {folder}; build it with: strata features materialize")
    if not readonly:
        folder.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.stat().st_size:
        check_whole(folder)
    return lmdb.open(
        str(folder),
        map_size=map_bytes,
        readonly=readonly,
        create=not readonly,
        max_dbs=MAX_DBS,
        max_readers=MAX_READERS,
        readahead=_fits_memory(path),
        # A commit writes its pages to disk and leaves the meta page that points at them to the next commit or to the
        # system. A killed process loses nothing by that, and the file is whole in any case; a machine that loses power
        # may find the last transaction undone: rows, log positions and watermark together, since they were one. The
        # worker then reads the older positions and the log has what came after them. It saves one of two disk flushes
        # a micro-batch. What no log repeats (a flip, a rebuild finished, the last write before closing) is synced.
        metasync=False,
    )


def _fits_memory(path: Path) -> bool:
    """Whether reading ahead is of use: what comes with a row is wanted sooner or later, and stays until then.

    Of a file larger than memory it is not: rows are asked for in no order, and each one's neighbours push out others.
    Decided when the environment is opened; LMDB cannot change it later.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return not path.is_file() or path.stat().st_size <= MEMORY_SHARE * memory
