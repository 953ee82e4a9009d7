"""What the pages name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from strata.command.catalog import find_entry

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#]+)")
SOURCE = re.compile(r"`((?:[a-z_0-9]+/)+[a-z_0-9]+\.(?:py|yaml|proto|sh))`")
TARGET = re.compile(r"`make ([a-z]+)[` ]")
COMMAND = re.compile(r"`(?:\.venv/bin/)?strata ([a-z][a-z-]*)[` ]")


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def page(request: pytest.FixtureRequest) -> Path:
    """Each page in turn."""
    path: Path = request.param
    return path


def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file or folder that is there."""
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_named_sources_exist(page: Path) -> None:
    """Every source file named by its path, from the root or from the room the page is about, is there."""
    named = SOURCE.findall(page.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).is_file() and not any(ROOT.glob(f"[a-z]*/{path}"))] == []


def test_named_commands_and_targets_exist(page: Path) -> None:
    """Every `make NAME` is a target and every `strata NAME` a command."""
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(TARGET.findall(text)) <= set(targets)
    assert [name for name in COMMAND.findall(text) if find_entry(name) is None] == []
