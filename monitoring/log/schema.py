"""Is a file what contract 6 and the package's manifest say? Differences are sentences, never exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import pyarrow as pa

TypeKind = Literal["text", "instant", "number", "other"]

LOG_COLUMNS: Final[dict[str, TypeKind]] = {
    "user_id": "text",
    "as_of": "instant",
    "segmenter": "text",
    "version": "text",
    "segment": "text",
    "score": "number",
    "source": "text",
    "degradation": "text",
}
REFERENCE_COLUMNS: Final[dict[str, TypeKind]] = {"segment": "text", "score": "number"}
FINGERPRINT_KEY: Final = b"schema_fingerprint"


def log_differences(schema: pa.Schema, features: Sequence[str], fingerprint: str) -> list[str]:
    """What of a log file differs from what the manifest asks for, one clause each; empty when it fits."""
    found = (schema.metadata or {}).get(FINGERPRINT_KEY, b"").decode("ascii", "replace")
    differences = column_differences(schema, {**LOG_COLUMNS, **dict.fromkeys(features, "number")})
    extra = [name for name in schema.names if ":" in name and name not in features]
    if extra:
        differences.append(f"features the package does not know: {', '.join(extra)}")
    if found != fingerprint:
        differences.append(f"schema fingerprint is {found or 'missing'}, the package's is {fingerprint}")
    return differences


def column_differences(schema: pa.Schema, wanted: dict[str, TypeKind]) -> list[str]:
    """Columns that are missing or of another type."""
    absent = [name for name in wanted if name not in schema.names]
    differences = [f"missing columns: {', '.join(absent)}"] if absent else []
    for name, kind in wanted.items():
        if name in absent:
            continue
        found = schema.field(name).type
        if type_kind(found) != kind:
            differences.append(f"{name} is {found}, expected {_WORDS[kind]}")
    return differences


def type_kind(found: pa.DataType) -> TypeKind:
    """The kind of an Arrow type; dictionary-encoded text is text, an instant needs a zone."""
    if pa.types.is_dictionary(found):
        return "text" if type_kind(found.value_type) == "text" else "other"
    if pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found):
        return "text"
    if pa.types.is_timestamp(found) and found.tz is not None:
        return "instant"
    return "number" if pa.types.is_floating(found) else "other"


_WORDS: Final[dict[TypeKind, str]] = {
    "text": "text",
    "instant": "a timestamp with a zone",
    "number": "a floating-point number",
    "other": "nothing",
}
