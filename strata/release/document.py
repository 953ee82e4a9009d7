"""An entry of the release log as one line of JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from strata.clock import format_instant, parse_instant
from strata.errors import InputInvalid, StrataError
from strata.release.model import Canary, Change, Entry, Release, SegmenterRelease

FORMAT: Final = 1


def to_document(entry: Entry) -> dict[str, Any]:
    """What a line says. Field for field as in the dataclasses; times are ISO 8601."""
    return {
        "format": FORMAT,
        "serial": entry.release.serial,
        "at": format_instant(entry.at_us),
        "action": entry.change.action,
        "segmenter": entry.change.segmenter,
        "who": entry.change.who,
        "why": entry.change.why,
        "before": None if entry.before is None else versions_document(entry.before),
        "segmenters": {name: versions_document(held) for name, held in entry.release.segmenters.items()},
    }


def versions_document(held: SegmenterRelease) -> dict[str, Any]:
    """One segmenter's versions."""
    canary = None if held.canary is None else {"version": held.canary.version, "share": held.canary.share}
    return {"live": held.live, "previous": held.previous, "canary": canary, "shadow": held.shadow}


def to_line(entry: Entry) -> bytes:
    """One line, with its end."""
    return json.dumps(to_document(entry), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> Entry:
    """Raises InputInvalid, in a sentence, for a line that is not an entry."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise InputInvalid("it is not JSON") from None
    try:
        return _entry(found)
    except InputInvalid:
        raise
    except (StrataError, KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise InputInvalid(f"it is not an entry: {type(error).__name__} {error}") from None


def _entry(found: Mapping[str, Any]) -> Entry:
    if found["format"] != FORMAT:
        raise InputInvalid(f"its format is {found['format']!r}; this Strata reads {FORMAT}")
    serial = found["serial"]
    if type(serial) is not int or serial < 1:
        raise InputInvalid(f"its serial is {serial!r}")
    segmenters = {_text(name): _versions(held) for name, held in found["segmenters"].items()}
    change = Change(*(_text(found[name]) for name in ("action", "segmenter", "who", "why")))
    before = None if found["before"] is None else _versions(found["before"])
    return Entry(parse_instant(_text(found["at"])), change, before, Release(serial, segmenters))


def _versions(found: Mapping[str, Any]) -> SegmenterRelease:
    canary = found["canary"]
    return SegmenterRelease(
        _text(found["live"]),
        _text(found["previous"]),
        None if canary is None else Canary(_text(canary["version"]), float(canary["share"])),
        _text(found["shadow"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
