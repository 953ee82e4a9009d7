"""Numbers, instants and method names as a person reads them."""

from __future__ import annotations

from typing import Final

METHOD_WORDS: Final = {
    "psi_decile": "PSI, deciles",
    "psi_category": "PSI, categories",
    "level": "level",
    "missing_share": "missing share",
    "category_absent": "vanished or new",
}


def compact(value: float) -> str:
    """A number in at most four significant digits.

    >>> compact(12345.6), compact(0.012345), compact(3.0)
    ('12,350', '0.01235', '3')
    """
    if value != 0 and abs(value) >= 1000:
        return f"{float(f'{value:.4g}'):,.0f}"
    return f"{value:.4g}"


def instant(text: str | None) -> str:
    """An ISO 8601 instant to the second.

    >>> instant("2017-12-01T05:00:00.123456Z")
    '2017-12-01 05:00:00 UTC'
    """
    if text is None:
        return "none"
    return f"{text[:19].replace('T', ' ')} UTC"
