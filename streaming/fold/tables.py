"""Which tables the worker folds into, and with which layouts.

A row is folded with the layout its generation was built with, not with the newest definitions: a view that was added
since has no history in those rows, and comes with the next rebuild.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strata.errors import StoreUnavailable
from strata.features.layout import Layout
from strata.features.note import GenerationNote
from strata.features.plan import Plan, compile_view
from strata.registry.catalog import Catalog
from strata.state.ports import State, StateReader


@dataclass(frozen=True)
class Tables:
    """What one worker writes."""

    layouts: Mapping[str, Layout]
    """State table to the layout of its rows."""
    facts: Sequence[Plan]
    """The row views."""


def found_tables(catalog: Catalog, state: State, *, nothing_yet: bool) -> None:
    """Make every table that was never built, when there is nothing it could have been built from.

    Otherwise StoreUnavailable: a table that is gone (a Redis that came back empty) must be rebuilt from the history,
    and not be taken for one to which nothing has happened.
    """
    for table, layout in catalog.tables().items():
        if state.note(table) is not None:
            continue
        if not nothing_yet:
            raise StoreUnavailable(f"table {table} of the online state is not there; run: strata features materialize")
        with state.begin_generation(table) as generation:
            generation.commit(0, GenerationNote(layout, {}).pack())


def open_tables(catalog: Catalog, state: StateReader) -> Tables:
    """Every table of the definitions; one without a generation starts empty, with the definitions' own layout."""
    layouts = {}
    for table, layout in catalog.tables().items():
        note = state.note(table)
        layouts[table] = GenerationNote.unpack(note).layout if note else layout
    facts = [compile_view(view.spec, view.ttl_us) for view in catalog.views.values() if view.spec.kind == "row"]
    return Tables(layouts, facts)
