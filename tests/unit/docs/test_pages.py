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
MESSAGE = re.compile(r"`(?!strata |make )([a-z]+(?: [a-z;]+)+)`")
"""In the runbook two or more plain words are what a log says."""
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


@pytest.mark.parametrize("runbook", ["docs/operations.md", "deploy/prometheus/alerts.yml"])
def test_log_messages_an_operator_is_to_look_for_are_logged(runbook: str) -> None:
    """Word for word: whoever is woken by an alert searches for them."""
    messages = set(MESSAGE.findall((ROOT / runbook).read_text(encoding="utf-8")))
    assert len(messages) > 1
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "serving").rglob("*.py"))
    assert [message for message in sorted(messages) if f'"{message}"' not in source] == []
