"""A frame for a terminal of 80 columns and 24 lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from strata.command.segment import in_words
from strata.command.top.frame import SOURCES, Document

MOST_CALLERS: Final = 4
MOST_WORKERS: Final = 4
MISSING: Final = "missing"
"""The feature missing most: the one column that gives way where there is no room."""


def render(frame: Document) -> RenderableType:
    """The whole frame."""
    parts: list[RenderableType] = [
        _head(frame),
        Text(),
        _calls(frame["gateway"]),
        Text(),
        _answers(frame["gateway"]),
        Text(),
    ]
    parts += [_workers(frame["gateway"]), Text(), _stream(frame["stream"]), _drift(frame["drift"])]
    return Group(*parts)


def _head(frame: Document) -> Text:
    text = Text(
        f"strata top  {frame['address']}  last {frame['interval_s']:.1f} s  {frame['at'][11:19]} UTC", style="bold"
    )
    callers = [f"{each['caller']} {each['per_s']:,.0f}" for each in frame["gateway"]["callers"]]
    rest = len(callers) - MOST_CALLERS
    more = f" and {rest} more" if rest > 0 else ""
    return text.append(f"\ncalls/s by caller: {', '.join(callers[:MOST_CALLERS]) or 'none'}{more}", style="not bold")


def _calls(gateway: Document) -> Table:
    table = _table("method", "calls/s", "not OK/s", "p50 ms", "p95 ms", "p99 ms")
    for method in gateway["calls"]:
        not_ok = Text(_number(method["not_ok_per_s"], 1), style="red" if method["not_ok_per_s"] > 0 else "")
        table.add_row(method["method"], _number(method["per_s"], 1), not_ok, *_quantiles(method))
        for stage, times in method["stages"].items():
            table.add_row(f"  {stage}", "", "", *_quantiles(times), style="dim")
    if not gateway["calls"]:
        table.add_row("nobody has called yet")
    return table


def _answers(gateway: Document) -> Table:
    table = _table("segmenter", "version", "per s", "live", "last", "fallback", "age p50", MISSING)
    for each in gateway["answers"]:
        shares = [_share(each["shares"].get(source)) for source in SOURCES]
        table.add_row(
            each["segmenter"],
            _versions(each),
            _number(each["per_s"], 1),
            *shares,
            _age(each["age_p50_s"]),
            _missing(each),
        )
    return table


def _versions(segmenter: Document) -> str:
    """The one that answers; while two do, each with its share."""
    rates: dict[str, float] = segmenter["versions_per_s"]
    active = {version: rate for version, rate in rates.items() if rate} or rates
    if len(active) == 1:
        return next(iter(active))[:8]
    return "\n".join(f"{version[:8]} {rate / max(segmenter['per_s'], 1e-9):.0%}" for version, rate in active.items())


def _missing(segmenter: Document) -> Text:
    shares: dict[str, float] = segmenter["missing_share"]
    most = next((f"{share:.0%} {feature.rpartition(':')[2]}" for feature, share in shares.items()), "-")
    return Text(most, no_wrap=True, overflow="ellipsis")


def _workers(gateway: Document) -> Table:
    workers, predictions = gateway["workers"], gateway["predictions"]
    table = _table("worker", "CPU", "late ms", "MB")
    for each in workers["each"][:MOST_WORKERS]:
        late = Text(_number(each["late_ms"], 1), style="red" if each["late_ms"] > 500 else "")
        table.add_row(each["worker"], f"{each['cores']:.0%}", late, _number(each["resident_mb"], 0))
    rest = len(workers["each"]) - MOST_WORKERS
    more = f"; {rest} more" if rest > 0 else ""
    said = f"{workers['answering']:.0f} workers answer, {workers['replaced']:.0f} replaced{more}"
    lines = [Text(said), _release(gateway["release"]), *_shadows(gateway["release"]), _door(gateway["admission"])]
    log = f"prediction log {predictions['written_per_s']:,.0f} rows/s, {predictions['dropped']:,.0f} dropped"
    return _beside(table, Text("\n").join([*lines, Text(log)]))


def _release(release: Document) -> Text:
    text, behind = Text(f"release {release['serial']:.0f}"), release["workers_behind"]
    return text.append(f", {behind:.0f} workers behind", style="red") if behind else text


def _shadows(release: Document) -> Iterable[Text]:
    for each in release["shadows"]:
        scored = each["agreed_per_s"] + each["disagreed_per_s"]
        share = each["disagreed_per_s"] / scored if scored else 0.0
        lost = each["dropped_per_s"] + each["failed_per_s"]
        rest = f", {lost:,.0f}/s not scored" if lost else ""
        yield Text(f"shadow {each['segmenter']} {each['version'][:8]}: {share:.1%} differ{rest}")


def _door(admission: Document) -> Text:
    refused, wait = admission["refused_per_s"], admission["queue_p99_ms"]
    text = Text(f"refused {refused:,.0f}/s", style="red" if refused else "")
    if admission["core_refused_share"]:
        text.append(f", {admission['core_refused_share']:.0%} by the core", style="red")
    return text.append(f", wait p99 {_number(wait, 1)} ms", style="")


def _stream(stream: Document | None) -> Text:
    if stream is None:
        return Text("events   the stream process does not answer", style="yellow")
    rates = f"{stream['events_per_s']:,.1f}/s in, {stream['records_per_s']:,.1f}/s folded"
    behind = f"{stream['lag_records']:,.0f} waiting, state {_age(stream['behind_s'])} behind"
    text = Text(f"events   {rates}, {behind}")
    parity = f"parity: {stream['parity_differences']:,.0f} differ of {stream['parity_users']:,.0f} users' values"
    text.append(f"\n         {stream['troubles']:,.0f} steps tried again; {parity}")
    text.stylize("red" if stream["parity_differences"] else "")
    return text


def _drift(drift: list[Document] | None) -> Text:
    if drift is None:
        return Text("reports  the report page does not answer", style="yellow")
    said = [
        f"{each['segmenter']} {each['status'].replace('_', ' ')}"
        + (f" ({each['columns_drifted']:.0f} columns)" if each["columns_drifted"] else "")
        for each in drift
    ]
    return Text(
        f"reports  {', '.join(said) or 'none yet'}",
        style="red" if any(each["status"] == "drift" for each in drift) else "",
    )


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for position, title in enumerate(titles):
        words = position == 0 or title in {"version", MISSING}
        table.add_column(title, justify="left" if words else "right", no_wrap=title != MISSING)
    return table


def _beside(left: RenderableType, right: RenderableType) -> Table:
    grid = Table.grid(padding=(0, 4, 0, 0))
    grid.add_row(left, right)
    return grid


def _quantiles(times: Document) -> Iterable[str]:
    return (_number(times[f"p{share}_ms"], 2) for share in (50, 95, 99))


def _number(value: Any, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _age(seconds: float | None) -> str:
    from datetime import timedelta

    return "-" if seconds is None else in_words(timedelta(seconds=seconds))
