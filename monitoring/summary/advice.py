"""What an operator should do next, by what was found."""

from __future__ import annotations

from typing import Any


def advice(document: dict[str, Any]) -> list[str]:
    """Plain sentences, most urgent first; at least one."""
    found = _by_status(document)
    if document["source_mix"]["attention"]:
        share = document["source_mix"]["not_live"]
        found.append(
            f"{share:.0%} of the answers were not live: look at the segmenter's health and at unknown users "
            "before anything else."
        )
    if document["rows"]["files_skipped"]:
        found.append(
            "Some log files could not be read (named below); see whether the disk was full or a writer killed."
        )
    return found


def _by_status(document: dict[str, Any]) -> list[str]:
    status, segmenter = document["status"], document["segmenter"]
    if status == "drift":
        return _for_drift(document)
    if status == "schema_mismatch":
        return [
            "See which version the gateway serves and which one the settings name; they should be the same.",
            "Once they agree, run the report again over a window that begins after the change.",
        ]
    if status == "not_enough_rows":
        return [f"Widen the window: strata monitor report {segmenter} --last 7d."]
    if status == "no_log":
        return ["Send some requests; the gateway writes its log after a few seconds."]
    return ["Nothing to do. The next report compares the next window."]


def _for_drift(document: dict[str, Any]) -> list[str]:
    failed = {check["method"] for column in document["columns"] for check in column["checks"] if check["drifted"]}
    outputs = [
        c["column"] for c in document["columns"] if c["status"] == "drift" and c["column"] in {"score", "segment"}
    ]
    steps = []
    if "missing_share" in failed:
        steps.append("Values went missing (or came back): find the source that stopped or changed before retraining.")
    if "category_absent" in failed:
        steps.append("A category vanished or appeared: look for a renamed value or a mapping that no longer matches.")
    if "level" in failed:
        steps.append("Values moved as a whole: look for a change of unit, price or season in the source.")
    if failed & {"psi_decile", "psi_category"}:
        steps.append("A distribution changed: compare the window with the one before to see when it began.")
    if outputs:
        steps.append(f"The answers moved too ({' and '.join(outputs)}): tell those who use the segments.")
    else:
        steps.append("Score and segment shares held, so the answers are still much as accepted.")
    steps.append(f"If the change is real and stays, train again: strata train {document['segmenter']}.")
    return steps
