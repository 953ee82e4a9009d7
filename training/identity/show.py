"""Identity for people: what each segment is, and where users go."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def show_identity(found: dict[str, Any], console: Console) -> None:
    """Tables and sentences of `Identity.to_json`."""
    table = Table("segment", "is", "from", "overlap", "users", box=None, pad_edge=False)
    for one in found["segments"]:
        table.add_row(one["key"], one["kind"], ", ".join(one["from"]), f"{one['overlap']:.2f}", f"{one['users']:,}")
    console.print(table)
    console.print()
    told = found["flows"]
    flows = Table(f"from {found['previous']} / to", *told["columns"], box=None, pad_edge=False)
    for key, row in zip(told["rows"], told["matrix"], strict=True):
        flows.add_row(key, *(f"{users:,}" if users else "" for users in row))
    console.print(flows)
    for reason in found["reasons"]:
        console.print(reason, soft_wrap=True)


def show_windows(found: dict[str, Any], console: Console) -> None:
    """A line a window and the sums of `windows_run.run`."""
    ways = list(found["keeping"])
    header = (
        "window",
        "users",
        "segments",
        *(f"keep: {way}" for way in ways),
        "kept",
        "other",
        "by features",
        "by model",
    )
    table = Table(*header, box=None, pad_edge=False)
    for record in found["windows"]:
        table.add_row(*_window_row(record, ways))
    console.print(table)
    for way in ways:
        mean, least = found["keeping"][way]["mean"], found["keeping"][way]["least"]
        said = f"; first to last {found['first_to_last'][way]:.1%}" if way in found["first_to_last"] else ""
        console.print(
            f"{way}: {mean:.1%} of users keep their key from one window to the next, at least {least:.1%}{said}"
        )
    kinds = ", ".join(f"{count} {kind}" for kind, count in found["kinds"].items())
    moved = found["moved"]
    console.print(f"segments from window to window: {kinds}")
    console.print(
        f"users in another segment than a window before: {moved['moved']:,} of {moved['users']:,}; "
        f"{moved['features']:,} by their features, {moved['model']:,} by the model, {moved['both']:,} by both",
        soft_wrap=True,
    )


def _window_row(record: dict[str, Any], ways: list[str]) -> list[str]:
    begin = [record["as_of"][:10], f"{record['users']:,}", str(len(record["segments"]))]
    if "keeping" not in record:
        return [*begin, *("" for _ in range(len(ways) + 4))]
    other = [f"{kind} {', '.join(record[kind])}" for kind in ("merged", "split", "new", "vanished") if record[kind]]
    since = record["since"] or {"features": 0, "model": 0}
    shares = [f"{record['keeping'][way]:.1%}" for way in ways]
    return [
        *begin,
        *shares,
        str(len(record["kept"])),
        "; ".join(other),
        f"{since['features']:,}",
        f"{since['model']:,}",
    ]
