"""Conditions on a source row, as a mapping writes them: `{column: quantity, less_than: 0}`."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, model_validator

NUMERIC: Final = ("less_than", "at_most", "more_than", "at_least")
TEXTUAL: Final = ("equals", "one_of", "starts_with")


class Part(BaseModel):
    """A group of a mapping: frozen, and it knows its own keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Condition(Part):
    """One column compared in one way. A missing value satisfies only `missing: true`."""

    column: str
    equals: str | None = None
    one_of: tuple[str, ...] | None = None
    starts_with: str | None = None
    less_than: float | None = None
    at_most: float | None = None
    more_than: float | None = None
    at_least: float | None = None
    missing: bool | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> Condition:
        if len(self.comparisons()) != 1:
            raise ValueError(f"a condition compares in exactly one way of {', '.join((*TEXTUAL, *NUMERIC, 'missing'))}")
        return self

    def comparisons(self) -> list[str]:
        """The comparisons that are set; one, once validated."""
        return [name for name in (*TEXTUAL, *NUMERIC, "missing") if getattr(self, name) is not None]


class Rule(Part):
    """An event type for the rows that satisfy every condition."""

    when: tuple[Condition, ...]
    type: str
