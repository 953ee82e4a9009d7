"""What a view is: its name, kind and ordered fields, with a fingerprint that rows and packages carry.

>>> view_spec("profile", "row", [("kids", "int64", {})]).fingerprint
'35ad4b70acc02775'
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Final, Literal

from strata.errors import DefinitionInvalid
from strata.features.definition import WHOLE, WindowDefinition, definition_of

Kind = Literal["windowed", "row"]
DTYPES: Final = ("int64", "float64", "string", "bool")
MAX_FIELDS: Final = 4_096


class Status(IntEnum):
    """What one value read is."""

    PRESENT = 0
    MISSING = 1
    EXPIRED = 2


@dataclass(frozen=True)
class FieldSpec:
    """One field: `dtype` is `int64`, `float64`, `string` or `bool`; tags are strings."""

    name: str
    dtype: str
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)

    @cached_property
    def definition(self) -> WindowDefinition:
        """The windowed definition its tags carry. Raises DefinitionInvalid."""
        return definition_of(self.tags)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """A string field's declared values, in order: it travels as the index. Empty for other dtypes."""
        return _categories(self.tags) if self.dtype == "string" else ()


@dataclass(frozen=True)
class ViewSpec:
    """A view: ordered fields of one kind. Make it with `view_spec`, which refuses what is wrong."""

    name: str
    kind: Kind
    fields: tuple[FieldSpec, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Field names in order."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over name, kind, ordered fields and their `strata.*` tags; other tags do not count."""
        fields = [[f.name, f.dtype, _ours(f.tags)] for f in self.fields]
        text = json.dumps([self.name, self.kind, fields], separators=(",", ":"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def hop_us(self) -> int:
        """A windowed view's tile length."""
        return self.fields[0].definition.hop_us


def view_spec(name: str, kind: str, fields: Iterable[tuple[str, str, Mapping[str, str]]]) -> ViewSpec:
    """A checked view. Fields are (name, dtype, tags), order kept. Raises DefinitionInvalid, naming the field."""
    specs = tuple(FieldSpec(n, dtype, dict(tags)) for n, dtype, tags in fields)
    if kind not in ("windowed", "row"):
        raise DefinitionInvalid(f"view {name}: kind {kind!r} is neither 'windowed' nor 'row'")
    if not name or not 1 <= len(specs) <= MAX_FIELDS:
        raise DefinitionInvalid(f"view {name!r}: it needs a name and 1 to {MAX_FIELDS} fields, and has {len(specs)}")
    seen: set[str] = set()
    for spec in specs:
        if not spec.name or spec.name in seen:
            raise DefinitionInvalid(f"view {name}: field name {spec.name!r} is empty or used twice")
        seen.add(spec.name)
        try:
            (_check_windowed if kind == "windowed" else _check_row)(spec)
        except DefinitionInvalid as error:
            raise DefinitionInvalid(f"view {name}, feature {spec.name}: {error}") from None
    if kind == "windowed" and len({spec.definition.hop_us for spec in specs}) > 1:
        raise DefinitionInvalid(f"view {name}: its features have different hops; a view has one")
    return ViewSpec(name, "windowed" if kind == "windowed" else "row", specs)


def _check_windowed(spec: FieldSpec) -> None:
    wanted = "int64" if spec.definition.fn in WHOLE else "float64"
    if spec.dtype != wanted:
        raise DefinitionInvalid(f"{spec.definition.fn} is {wanted}, not {spec.dtype}")


def _check_row(spec: FieldSpec) -> None:
    if spec.dtype not in DTYPES:
        raise DefinitionInvalid(f"dtype {spec.dtype!r} is none of {', '.join(DTYPES)}")
    unknown = [tag for tag in _ours(spec.tags) if tag != "strata.categories"]
    if unknown or ("strata.categories" in spec.tags) != (spec.dtype == "string"):
        raise DefinitionInvalid("a row field's only tag is strata.categories, for strings, which need it")
    if spec.dtype == "string":
        _categories(spec.tags)


def _ours(tags: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in sorted(tags.items()) if name.startswith("strata.")}


def _categories(tags: Mapping[str, str]) -> tuple[str, ...]:
    text = tags.get("strata.categories", "")
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        raise DefinitionInvalid(f"strata.categories is {text!r}, not a JSON list of strings")
    if len(set(values)) != len(values):
        raise DefinitionInvalid("strata.categories names a value twice")
    return tuple(values)
