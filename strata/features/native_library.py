"""The C kernel, if it was built for exactly these sources.

It is called through ctypes. Batches let other threads run meanwhile; reading one row keeps the interpreter's lock,
since giving it up costs more than the read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from strata.features import native_rows, native_source
from strata.features.events import EventBatch
from strata.features.layout import Layout
from strata.features.native_facts import NativeFacts
from strata.features.native_handle import NativeHandle
from strata.features.native_plan import table_blob
from strata.features.native_values import NativeValues
from strata.features.plan import Plan
from strata.features.table_plan import TablePlan
from strata.features.table_values import PlainValues, TableValues

IntArray = npt.NDArray[np.int64]


class NativeLibrary:
    """What the kernel does. A layout it cannot do (None, or plain values) is done by the pure twin."""

    def __init__(self, path: Path) -> None:
        self._handle = NativeHandle(path)

    def fold_users(
        self, layout: Layout, rows: Sequence[bytes | None], records: Sequence[bytes], index: IntArray, offsets: IntArray
    ) -> tuple[list[bytes | None], npt.NDArray[np.uint8]] | None:
        """As `strata.features.fold.fold_users`: rows and verdicts."""
        return native_rows.fold_users(self._handle, layout, rows, records, index, offsets)

    def build_rows(self, layout: Layout, events: EventBatch) -> Iterator[tuple[str, bytes]] | None:
        """As `strata.features.build.build_rows`, at no position."""
        return native_rows.build_rows(self._handle, layout, events)

    def table_values(self, plan: TablePlan) -> TableValues:
        """The reader of a table's rows."""
        layout = plan.layout
        compiled = None if layout is None else self._handle.plan(layout)
        if layout is None or compiled is None:
            return PlainValues(plan)
        blob = table_blob(plan)
        address = self._handle.call.read_plan_new(compiled.address, blob, len(blob))
        if not address:
            return PlainValues(plan)
        return NativeValues(
            self._handle, layout, compiled, address, 1 + max((value.column for value in plan.values), default=0)
        )

    def facts(self, plan: Plan, fields: Sequence[tuple[int, int]]) -> NativeFacts:
        """The reader of a row view's fields, each with the column it goes to."""
        return NativeFacts(self._handle, plan, fields)


def load() -> NativeLibrary | None:
    """The library; None when there is none, or one of other sources."""
    try:
        return NativeLibrary(native_source.library())
    except OSError:
        return None
