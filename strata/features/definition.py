"""The typed definition of one windowed feature, read from its field tags.

Tags, all strings: `strata.fn`, `strata.of` (a column, or `*` for the event itself), `strata.where` (canonical
JSON), `strata.window_s`, `strata.hop_s`, `strata.scale`; `strata.base` for share; `strata.per` for a mean per
distinct id; `strata.keep`, `strata.slot` and `strata.types` (JSON) for recent events. A definition is complete or
refused: a mistyped tag must never make a field silently something else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strata.errors import DefinitionInvalid
from strata.features.conditions import (
    DERIVED_COLUMNS,
    INTEGER_COLUMNS,
    NUMBER_COLUMNS,
    TEXT_COLUMNS,
    Conjunction,
    canonical,
    parse,
)

EVENT: Final = "*"
"""`of` when a feature is about the event itself, not one of its columns."""
SECOND_US: Final = 1_000_000
REQUIRED: Final = ("strata.fn", "strata.of", "strata.where", "strata.window_s", "strata.hop_s", "strata.scale")
OPTIONAL: Final = ("strata.base", "strata.per", "strata.keep", "strata.slot", "strata.types")
MAX_RECENT: Final = 64

NUMBERS: Final = NUMBER_COLUMNS
IDS: Final = TEXT_COLUMNS + DERIVED_COLUMNS
OF_ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    "count": (EVENT, *TEXT_COLUMNS, *INTEGER_COLUMNS),
    "total": NUMBERS,
    "mean": NUMBERS,
    "minimum": NUMBERS,
    "maximum": NUMBERS,
    "last": NUMBERS,
    "distinct": IDS,
    "recency": (EVENT,),
    "share": (EVENT, *NUMBERS),
    "sessions": (EVENT, "session_id"),
    "session_duration": (EVENT, "session_id"),
    "session_depth": (EVENT, "session_id"),
    "recent_type": (EVENT,),
    "recent_item": (EVENT,),
    "recent_category": (EVENT,),
    "recent_gap": (EVENT,),
}
"""What each function may be taken of. `count` of a column counts the events where it is not null.

Sessions of events end by a pause; of `session_id` they are those of one id.
"""
WHOLE: Final = frozenset({"count", "distinct", "sessions"})
"""Functions whose values are whole numbers (dtype int64); the others are float64."""


@dataclass(frozen=True)
class WindowDefinition:
    """One feature over one window of events.

    `fn` of `of` where `where`, over `window_us` in steps of `hop_us`, divided by `scale`. `base` is share's
    denominator filter (None otherwise); `per` makes a mean "total of `of` per distinct `per`".
    `slot` is one of the `keep` newest events; a type is numbered by its place in `types`.
    """

    fn: str
    of: str
    where: Conjunction
    window_us: int
    hop_us: int
    scale: int = 1
    base: Conjunction | None = None
    per: str | None = None
    keep: int | None = None
    slot: int | None = None
    types: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.fn not in OF_ALLOWED:
            raise DefinitionInvalid(f"there is no function {self.fn!r}; there are {', '.join(OF_ALLOWED)}")
        if self.of not in OF_ALLOWED[self.fn]:
            raise DefinitionInvalid(f"{self.fn} of {self.of!r} means nothing; use {', '.join(OF_ALLOWED[self.fn])}")
        if self.hop_us <= 0 or self.hop_us % SECOND_US:
            raise DefinitionInvalid(f"a hop is a whole number of seconds, at least 1; not {self.hop_us} us")
        if self.window_us <= 0 or self.window_us % self.hop_us:
            window_s, hop_s = self.window_us // SECOND_US, self.hop_us // SECOND_US
            raise DefinitionInvalid(f"a window of {window_s} s is not a multiple of the hop, {hop_s} s")
        if not 1 <= self.scale <= 1_000_000_000:
            raise DefinitionInvalid(f"a scale is 1 to 1,000,000,000, not {self.scale}")
        if (self.base is not None) != (self.fn == "share"):
            raise DefinitionInvalid(f"strata.base belongs to share, and share needs it; the function is {self.fn}")
        if self.per is not None and (self.fn != "mean" or self.per not in IDS):
            raise DefinitionInvalid(f"only a mean is taken per id ({', '.join(IDS)}); not {self.fn} per {self.per!r}")

        self._check_recent()

    def _check_recent(self) -> None:
        recent = self.fn.startswith("recent_")
        if (self.keep is not None, self.slot is not None) != (recent, recent):
            raise DefinitionInvalid(f"strata.keep and strata.slot belong to recent events; the function is {self.fn}")
        if (self.types is not None) != (self.fn == "recent_type"):
            raise DefinitionInvalid(f"strata.types belongs to recent_type, which needs it; the function is {self.fn}")
        if self.types is not None and (not self.types or len(set(self.types)) != len(self.types)):
            raise DefinitionInvalid("recent events need their types, each once")
        if recent and not 0 <= (self.slot or 0) < (self.keep or 0) <= MAX_RECENT:
            raise DefinitionInvalid(f"there are 1 to {MAX_RECENT} recent events; not {self.slot} of {self.keep}")

    def tags(self) -> dict[str, str]:
        """The field tags that carry this definition."""
        tags = {
            "strata.fn": self.fn,
            "strata.of": self.of,
            "strata.where": canonical(self.where),
            "strata.window_s": str(self.window_us // SECOND_US),
            "strata.hop_s": str(self.hop_us // SECOND_US),
            "strata.scale": str(self.scale),
        }
        if self.base is not None:
            tags["strata.base"] = canonical(self.base)
        if self.per is not None:
            tags["strata.per"] = self.per
        if self.keep is not None:
            tags |= {"strata.keep": str(self.keep), "strata.slot": str(self.slot)}
        if self.types is not None:
            tags["strata.types"] = json.dumps(self.types, separators=(",", ":"))
        return tags


def definition_of(tags: Mapping[str, str]) -> WindowDefinition:
    """Read a windowed field's tags. Raises DefinitionInvalid, naming what is missing, unknown or wrong."""
    missing = [name for name in REQUIRED if name not in tags]
    if missing:
        raise DefinitionInvalid(f"tags are missing: {', '.join(missing)}")
    unknown = [name for name in tags if name.startswith("strata.") and name not in REQUIRED + OPTIONAL]
    if unknown:
        raise DefinitionInvalid(f"tags are unknown: {', '.join(sorted(unknown))}")
    base = tags.get("strata.base")
    return WindowDefinition(
        fn=tags["strata.fn"],
        of=tags["strata.of"],
        where=parse(tags["strata.where"]),
        window_us=_whole(tags, "strata.window_s") * SECOND_US,
        hop_us=_whole(tags, "strata.hop_s") * SECOND_US,
        scale=_whole(tags, "strata.scale"),
        base=None if base is None else parse(base),
        per=tags.get("strata.per"),
        keep=_whole(tags, "strata.keep") if "strata.keep" in tags else None,
        slot=_whole(tags, "strata.slot") if "strata.slot" in tags else None,
        types=_types(tags["strata.types"]) if "strata.types" in tags else None,
    )


def _types(text: str) -> tuple[str, ...]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise DefinitionInvalid(f"strata.types is {text!r}, not a JSON list of event types")
    return tuple(found)


def _whole(tags: Mapping[str, str], name: str) -> int:
    try:
        return int(tags[name])
    except ValueError:
        raise DefinitionInvalid(f"{name} is {tags[name]!r}, not a whole number") from None
