"""Whether a label is of something that ever happened."""

from __future__ import annotations

from difflib import get_close_matches

from strata.errors import DefinitionInvalid
from training.definition import Definition
from training.history import History


def check_event_type(definition: Definition, history: History) -> None:
    """Raise DefinitionInvalid for a label of a type that no event has, with the nearest that some have."""
    assert definition.label is not None
    asked, known = definition.label.event_type, history.event_types()
    if asked in known:
        return
    near = get_close_matches(asked, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise DefinitionInvalid(f"{definition.name}: label.event_type is {asked}, and no event of the history is ({hint})")
