"""Offered load measured, printed and written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.live.report import write
from loadtests.offered.plan import Plan
from loadtests.offered.report import offered_document, offered_markdown
from loadtests.offered.run import measure_offered
from loadtests.offered.sides import Wanted
from loadtests.offered.summary import rows
from strata.settings import Settings


@dataclass(frozen=True)
class Files:
    """Where results are written; None: nowhere."""

    json: Path | None = None
    markdown: Path | None = None
    picture: Path | None = None


def run_and_show(
    settings: Settings, users: Sequence[str], plan: Plan, wanted: Wanted, *, command: str, files: Files
) -> bool:
    """Measure, print, write. Returns whether every reply was right. Raises InputInvalid for a picture of no kind."""
    from loadtests.offered.picture import draw, require_kind

    if files.picture:
        require_kind(files.picture)
    steps = measure_offered(settings, users, plan, wanted)
    text = offered_markdown(steps, plan, command)
    print(text)
    if wanted.redis and not any(one.side == "redis" for one in steps):
        print("NOT MEASURED: the gateway on Redis; scripts/install_tools.sh redis-server")
    write(files.json, offered_document(steps, plan, command))
    if files.markdown:
        files.markdown.parent.mkdir(parents=True, exist_ok=True)
        files.markdown.write_text(text, encoding="utf-8")
    if files.picture:
        draw(rows(steps), files.picture)
    return not any("wrong" in one.ends_per_s for one in steps)
