"""Which tables the worker folds into, and with which layouts.

A row is folded with the layout its generation was built with, not with the newest definitions: a view that was added
since has no history in those rows, and comes with the next rebuild.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strata.features.layout import Layout
from strata.features.note import GenerationNote
from strata.features.plan import Plan, compile_view
from strata.registry.catalog import Catalog
from strata.state.ports import StateReader


@dataclass(frozen=True)
class Tables:
    """What one worker writes."""

    layouts: Mapping[str, Layout]
    """State table to the layout of its rows."""
    facts: Sequence[Plan]
    """The row views."""


def open_tables(catalog: Catalog, state: StateReader) -> Tables:
    """Every table of the definitions; one without a generation starts empty, with the definitions' own layout."""
    layouts = {}
    for table, layout in catalog.tables().items():
        note = state.note(table)
        layouts[table] = GenerationNote.unpack(note).layout if note else layout
    facts = [compile_view(view.spec, view.ttl_us) for view in catalog.views.values() if view.spec.kind == "row"]
    return Tables(layouts, facts)
