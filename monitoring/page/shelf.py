"""What there is to show: reports and evaluation pages, found by listing, never by joining a visitor's path."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

REPORT_FORMAT: Final = "strata-drift-report/1"
REPORT_FILES: Final = {
    "": ("summary.html", "text/html; charset=utf-8"),
    "summary.html": ("summary.html", "text/html; charset=utf-8"),
    "evidently.html": ("evidently.html", "text/html; charset=utf-8"),
    "report.json": ("report.json", "application/json"),
}
EVALUATION: Final = "evaluation.html"


@dataclass(frozen=True)
class Evaluation:
    """One version's evaluation page."""

    segmenter: str
    version: str
    written_s: float


class Shelf:
    """Reads the folders anew at every question: reports appear and are pruned while this runs."""

    def __init__(self, reports: Path, packages: Path) -> None:
        self._reports, self._packages = reports, packages
        self._cached: dict[Path, dict[str, Any]] = {}

    def reports(self) -> list[dict[str, Any]]:
        """Every readable report, newest first; what cannot be read is left out."""
        folders = {path.parent: path for path in self._reports.glob("*/*/report.json") if path.parent.name[0] != "."}
        self._cached = {folder: self._load(folder, path) for folder, path in folders.items()}
        found = [document for document in self._cached.values() if document.get("format") == REPORT_FORMAT]
        return sorted(found, key=lambda document: (document["created_timestamp"], document["id"]), reverse=True)

    def newest(self) -> list[dict[str, Any]]:
        """The newest report of each segmenter, by name."""
        newest: dict[str, dict[str, Any]] = {}
        for document in self.reports():
            newest.setdefault(document["segmenter"], document)
        return [newest[name] for name in sorted(newest)]

    def report_file(self, segmenter: str, identity: str, name: str) -> tuple[Path, str] | None:
        """A file of one report with its content type; None for anything not listed."""
        if name not in REPORT_FILES:
            return None
        for document in self.reports():
            if document["segmenter"] == segmenter and document["id"] == identity:
                file, kind = REPORT_FILES[name]
                return self._reports / segmenter / identity / file, kind
        return None

    def evaluations(self) -> list[Evaluation]:
        """Evaluation pages of all packages, newest first."""
        found = []
        for path in self._packages.glob(f"*/*/{EVALUATION}"):
            if path.parent.name[0] != "." and path.is_file():
                found.append(Evaluation(path.parent.parent.name, path.parent.name, path.stat().st_mtime))
        return sorted(found, key=lambda evaluation: (-evaluation.written_s, evaluation.segmenter))

    def evaluation_file(self, segmenter: str, version: str) -> Path | None:
        """The page of one version; None when there is none."""
        for evaluation in self.evaluations():
            if (evaluation.segmenter, evaluation.version) == (segmenter, version):
                return self._packages / segmenter / version / EVALUATION
        return None

    def _load(self, folder: Path, path: Path) -> dict[str, Any]:
        """A report never changes once it is there, so it is read once."""
        if folder in self._cached:
            return self._cached[folder]
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}
