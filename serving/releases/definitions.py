"""What the feature registry defines, for a worker that outlives its changes."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from strata.errors import DefinitionInvalid
from strata.registry import read_catalog
from strata.registry.catalog import Catalog

_log = logging.getLogger("strata.gateway")


class Definitions:
    """One registry file, read again when it is another one."""

    def __init__(self, registry: Path) -> None:
        """Read it. Raises DefinitionInvalid."""
        self._registry = registry
        self._mark, self._catalog = _mark(registry), read_catalog(registry)

    async def now(self) -> Catalog:
        """As it is by now, read beside the calls; looking costs microseconds while it stays the same.

        Where it cannot be read, as it was: a rollback has to work without it.
        """
        mark = _mark(self._registry)  # before it is read: what is written meanwhile is seen the next time
        if mark != self._mark:
            try:
                self._catalog = await asyncio.to_thread(read_catalog, self._registry)
            except DefinitionInvalid as fault:
                _log.warning("definitions stay as they were", extra={"fields": {"reason": str(fault)}})
            else:
                self._mark = mark
        return self._catalog


def _mark(registry: Path) -> tuple[int, ...]:
    try:
        found = registry.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns)
