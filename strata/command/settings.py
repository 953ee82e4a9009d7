"""`strata settings`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from pydantic import BaseModel


def settings(as_json: Annotated[bool, typer.Option("--json", help="For a program: one object.")] = False) -> None:
    """List every setting, the value in force and what it means.

    Values come from the settings file, then from STRATA_* variables, then from defaults; what differs from its
    default is marked with a star.
    """
    from strata.settings import Settings, load_settings

    found = load_settings()
    if as_json:
        print(_without_passwords(found.model_dump_json(indent=1)))
        return
    for key, value, default, meaning in walk(found, Settings()):
        sign = " " if value == default else "*"
        print(f"{sign} {key:<42} {_shown(value):<34} {meaning}".rstrip())


def walk(found: BaseModel, default: BaseModel | None, prefix: str = "") -> Iterator[tuple[str, Any, Any, str]]:
    """Each leaf as (dotted key, value, default value, first line of its meaning)."""
    for name, field in type(found).model_fields.items():
        value, usual = getattr(found, name), getattr(default, name, None)
        meaning = (field.description or "").split("\n")[0]
        if isinstance(value, BaseModel):
            yield from walk(value, usual, f"{prefix}{name}.")
        elif isinstance(value, dict):
            for key, member in value.items():
                yield from walk(member, (usual or {}).get(key), f"{prefix}{name}.{key}.")
        else:
            yield f"{prefix}{name}", value, usual, meaning


def _shown(value: Any) -> str:
    return json.dumps(value) if value is None or isinstance(value, int | float) else _without_passwords(str(value))


def _without_passwords(text: str) -> str:
    return re.sub(r"(?<=://)[^@/\s\"]*@", "...@", text)
