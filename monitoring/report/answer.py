"""What a report says first: a status, one sentence and an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from monitoring.drift.verdict import ColumnVerdict
from monitoring.log.reader import LogExtract, LogQuery
from strata.runtime.manifest import Manifest

Status = Literal["ok", "drift", "no_log", "not_enough_rows", "schema_mismatch"]

EXIT_CODES: Final[dict[Status, int]] = {"ok": 0, "no_log": 0, "not_enough_rows": 0, "drift": 3, "schema_mismatch": 2}
"""Too little to judge is an answer, not a failure: a scheduler before the first traffic stays quiet."""


@dataclass(frozen=True)
class Answer:
    """The report in a line."""

    status: Status
    sentence: str

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.status]

    def with_drift(self, verdicts: Sequence[ColumnVerdict]) -> Answer:
        """The same report, in which some columns drifted: the worst are named."""
        drifted = sorted((v for v in verdicts if v.drifted), key=lambda v: -v.leading.severity)
        names = ", ".join(verdict.column.name for verdict in drifted[:4])
        more = f" and {len(drifted) - 4} more" if len(drifted) > 4 else ""
        verb = "columns drift" if len(drifted) > 1 else "column drifts"
        return Answer("drift", f"{len(drifted)} {verb} from the reference, the furthest first: {names}{more}.")


def answer(manifest: Manifest, query: LogQuery, extract: LogExtract, min_rows: int) -> Answer:
    """What can be said before any statistic; `ok` means that the samples can be compared."""
    if extract.differences:
        return Answer("schema_mismatch", _mismatch(manifest, extract))
    if extract.rows == 0:
        damaged = f"; {len(extract.skipped)} unreadable files were skipped" if extract.skipped else ""
        return Answer(
            "no_log", f"No prediction log of {manifest.segmenter} yet{damaged}: ask the gateway for segments."
        )
    if extract.compared < min_rows:
        return Answer("not_enough_rows", _too_few(manifest, extract, min_rows))
    skipped = f" {len(extract.skipped)} unreadable files were skipped." if extract.skipped else ""
    return Answer("ok", f"No drift: {extract.compared:,} users look like the reference.{skipped}")


def _mismatch(manifest: Manifest, extract: LogExtract) -> str:
    return (
        f"The log does not have the shape of {manifest.segmenter} {manifest.version}: {extract.differences[0]}"
        f"{f' (and {len(extract.differences) - 1} more differences)' if len(extract.differences) > 1 else ''}. "
        "Nothing was compared; see that the gateway serves this version."
    )


def _too_few(manifest: Manifest, extract: LogExtract, min_rows: int) -> str:
    others = extract.other_versions.total()
    reasons = [
        f"{others:,} rows are of other versions ({', '.join(sorted(extract.other_versions)[:3])})" if others else "",
        f"{extract.outside_window:,} lie outside the window" if extract.outside_window else "",
        f"{extract.judged_rows - extract.sources['live']:,} were not live answers"
        if extract.judged_rows > extract.sources["live"]
        else "",
    ]
    why = "; ".join(reason for reason in reasons if reason)
    return (
        f"Not enough rows: {extract.compared:,} users with a live answer of {manifest.version} in the window, "
        f"at least {min_rows:,} are needed{f' ({why})' if why else ''}. Wait for traffic, or widen --last."
    )
