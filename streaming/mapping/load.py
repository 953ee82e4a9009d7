"""From a mapping file to a checked mapping, or one sentence about what is wrong with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from strata.errors import DefinitionInvalid
from streaming.columns.zones import check_zone
from streaming.mapping.model import EventMapping, FactMapping, Mapping, TimeColumn

SHIPPED = Path(__file__).resolve().parent.parent / "mappings"
MAX_BYTES = 1 << 20
_ADAPTER: TypeAdapter[EventMapping | FactMapping] = TypeAdapter(Mapping)


class _PlainLoader(yaml.SafeLoader):
    """YAML in which dates, and words such as `on` and `no`, stay the text they are: they are often column names."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name PyYAML reads
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[1] not in {"timestamp", "bool"}]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True)
class LoadedMapping:
    """A mapping and where it was found."""

    mapping: EventMapping | FactMapping
    path: Path

    def digest(self) -> str:
        """32 hex digits over what the mapping says, whatever its comments and layout."""
        said = self.mapping.model_dump_json().encode("utf-8")
        return hashlib.blake2b(said, digest_size=16).hexdigest()


def shipped_mappings() -> dict[str, Path]:
    """The mappings that come with Strata, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}


def load_mapping(named: str) -> LoadedMapping:
    """Read a mapping by path, or by the name of a shipped one. Raises DefinitionInvalid in a sentence."""
    path = Path(named)
    try:
        if not path.is_file():
            path = shipped_mappings().get(named, path)
        if path.stat().st_size > MAX_BYTES:
            raise DefinitionInvalid(f"{named} is too large for a mapping; was it swapped with the source file?")
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DefinitionInvalid(
            f"mapping {named} cannot be read: {_reason(error)}; shipped are {', '.join(shipped_mappings())}"
        ) from None
    return LoadedMapping(parse_mapping(text, named), path)


def parse_mapping(text: str, origin: str) -> EventMapping | FactMapping:
    """Check a mapping's text; `origin` is what the sentence calls it."""
    try:
        values: Any = yaml.load(text, Loader=_PlainLoader)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise DefinitionInvalid(f"mapping {origin} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise DefinitionInvalid(f"mapping {origin} should hold keys and values, beginning with 'name:'")
    values.setdefault("kind", "events")
    try:
        mapping = _ADAPTER.validate_python(values)
    except (ValidationError, RecursionError, TypeError) as error:
        raise DefinitionInvalid(f"mapping {origin}: {_explain(error)}") from None
    check_zone(mapping.time.zone)
    if isinstance(mapping.time, TimeColumn) and mapping.time.written_in:
        check_zone(mapping.time.written_in)
    return mapping


def _explain(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "it is nested in a way no mapping is"
    faults = {}
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"]).removeprefix("events.").removeprefix("facts.")
        faults[where or "it"] = (
            "is not a key of a mapping" if fault["type"] == "extra_forbidden" else f"is wrong: {fault['msg'].lower()}"
        )
    return "; ".join(f"{where} {what}" for where, what in list(faults.items())[:6])


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
