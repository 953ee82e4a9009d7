"""What `strata top` makes of two looks at a page, and how it is shown."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from strata.command.top.frame import drift_frame, gateway_frame, stream_frame
from strata.command.top.pages import Page, parse_page, read_page
from strata.command.top.platform import Addresses, NothingRunsError, Platform
from strata.command.top.span import Span
from strata.command.top.view import render

HISTOGRAM = (
    '{name}_bucket{{le="0.001",{labels}}} {fast}\n{name}_bucket{{le="0.002",{labels}}} {slow}\n'
    '{name}_bucket{{le="+Inf",{labels}}} {slow}\n{name}_count{{{labels}}} {slow}\n'
)


def page_of(at_s: float, calls: int, *, versions: dict[str, int] | None = None) -> Page:
    """A gateway that has taken `calls` GetSegments calls, three of four within a millisecond, one of ten not OK."""
    lines = [
        "# TYPE strata_requests_total counter",
        f'strata_requests_total{{code="OK",method="GetSegments"}} {0.9 * calls}',
        f'strata_requests_total{{code="INTERNAL",method="GetSegments"}} {0.1 * calls}',
        'strata_requests_total{code="OK",method="GetSegmenter"} 0',
        HISTOGRAM.format(name="strata_request_seconds", labels='method="GetSegments"', fast=0.75 * calls, slow=calls),
        HISTOGRAM.format(
            name="strata_stage_seconds", labels='method="GetSegments",stage="score"', fast=calls, slow=calls
        ),
        HISTOGRAM.format(
            name="strata_feature_age_seconds", labels='segmenter="promo_responder"', fast=calls, slow=calls
        ),
    ]
    for version, count in (versions or {"aaaaaaaaaaaa": calls}).items():
        labels = f'segmenter="promo_responder",version="{version}"'
        lines.append(f'strata_assignments_total{{{labels},source="live",degradation="none"}} {0.5 * count}')
        lines.append(f'strata_assignments_total{{{labels},source="fallback",degradation="unknown_user"}} {0.3 * count}')
        lines.append(
            f'strata_assignments_total{{{labels},source="last_known",degradation="segmenter_timeout"}} {0.2 * count}'
        )
    lines += [
        f'strata_caller_requests_total{{caller="shop"}} {calls}',
        'strata_caller_requests_total{caller="other"} 0',
        'strata_feature_sampled_rows_total{segmenter="promo_responder"} 40',
        'strata_feature_sampled_missing_total{segmenter="promo_responder",feature="behaviour:coupon_recency_365d"} 10',
        'strata_feature_sampled_missing_total{segmenter="promo_responder",feature="rfm:orders"} 0',
        "strata_workers 2",
        "strata_worker_restarts_total 1",
        f'strata_worker_cpu_seconds_total{{worker="0"}} {at_s / 4}',
        'strata_worker_loop_lag_seconds{worker="0"} 0.75',
        'strata_worker_resident_bytes{worker="0"} 150000000',
        f'strata_prediction_log_rows_total{{outcome="written"}} {2 * calls}',
        'strata_prediction_log_rows_total{outcome="dropped_full_queue"} 7',
        "strata_release_serial 5",
        "strata_release_behind 1",
        *(
            f'strata_shadow_scores_total{{segmenter="promo_responder",version="cccccccccccc",outcome="{outcome}"}} {n}'
            for outcome, n in (("agreed", 0.9 * calls), ("disagreed", 0.1 * calls), ("dropped", 0), ("failed", 0))
        ),
        'strata_shadow_scores_total{segmenter="promo_responder",version="dddddddddddd",outcome="agreed"} 9',
        f'strata_admission_refused_total{{method="GetSegments",cause="deadline"}} {calls}',
        f'strata_queue_probes_total{{outcome="answered"}} {0.6 * calls}',
        f'strata_queue_probes_total{{outcome="refused"}} {0.4 * calls}',
        "strata_admission_limit 256",
        "strata_admission_in_flight 3",
    ]
    return parse_page("\n".join(lines).replace("\n\n", "\n") + "\n", at_s)


def test_rates_and_quantiles_are_those_of_the_span() -> None:
    """100 calls in 2 s; what came before does not count. The median of 75 within 1 ms is at two thirds of it."""
    frame = gateway_frame(Span(page_of(10.0, 300), page_of(12.0, 400)))
    [method] = frame["calls"]
    assert (method["method"], method["per_s"], method["not_ok_per_s"]) == ("GetSegments", 50.0, pytest.approx(5.0))
    assert method["p50_ms"] == pytest.approx(1_000 * 0.001 * 50 / 75)
    assert method["p99_ms"] == pytest.approx(1.96)
    assert method["stages"]["score"]["p50_ms"] == pytest.approx(0.5)
    assert frame["callers"] == [{"caller": "shop", "per_s": 50.0}]
    assert frame["predictions"] == {"written_per_s": 100.0, "dropped": 7.0}


def test_answers_tell_sources_versions_and_what_is_missing() -> None:
    """An unknown user's fallback is no degradation; of two versions each has its rate."""
    before = page_of(10.0, 100, versions={"aaaaaaaaaaaa": 100})
    after = page_of(12.0, 200, versions={"aaaaaaaaaaaa": 120, "bbbbbbbbbbbb": 80})
    [promo] = gateway_frame(Span(before, after))["answers"]
    assert promo["versions_per_s"] == {"aaaaaaaaaaaa": 10.0, "bbbbbbbbbbbb": 40.0}
    assert promo["shares"] == pytest.approx({"live": 0.5, "last_known": 0.2, "fallback": 0.3})
    assert promo["degraded_per_s"] == pytest.approx(10.0)
    assert promo["missing_share"] == {"behaviour:coupon_recency_365d": 0.25}


def test_releases_shadows_and_refusals() -> None:
    """A shadow that scored nobody in the span is not shown."""
    frame = gateway_frame(Span(page_of(10.0, 100), page_of(12.0, 200)))
    release = frame["release"]
    assert (release["serial"], release["workers_behind"]) == (5.0, 1.0)
    [shadow] = release["shadows"]
    assert (shadow["version"], shadow["agreed_per_s"], shadow["disagreed_per_s"]) == (
        "cccccccccccc", pytest.approx(45.0), pytest.approx(5.0),
    )  # fmt: skip
    assert frame["admission"] == {
        "refused_per_s": 50.0, "core_refused_share": pytest.approx(0.4), "in_flight": 3.0, "limit": 256.0,
        "queue_p99_ms": None,
    }  # fmt: skip


def test_a_gateway_that_began_again_counts_from_nothing() -> None:
    """Rates are never negative."""
    [method] = gateway_frame(Span(page_of(10.0, 1_000), page_of(12.0, 100)))["calls"]
    assert method["per_s"] == 50.0


def test_nobody_calling_is_no_division_by_nothing() -> None:
    """No quantile, no shares."""
    frame = gateway_frame(Span(page_of(10.0, 100), page_of(12.0, 100)))
    assert frame["calls"][0]["p50_ms"] is None
    assert frame["answers"][0]["shares"] == {}


def test_stream_and_reports() -> None:
    """Lags of all partitions together; the newest report's status."""
    stream = 'strata_stream_lag_records{{partition="{}"}} {}\n'
    text = stream.format(0, 3) + stream.format(1, 4) + 'strata_door_events_total{outcome="accepted"} 10\n'
    page = parse_page(text, 1.0)
    assert stream_frame(Span(page, page))["lag_records"] == 7.0
    text = 'strata_report_status{segmenter="tiers",status="drift"} 1\nstrata_drift_columns{segmenter="tiers"} 2\n'
    page = parse_page(text, 1.0)
    assert drift_frame(Span(page, page)) == [{"segmenter": "tiers", "status": "drift", "columns_drifted": 2.0}]


def test_a_frame_fits_a_small_terminal() -> None:
    """80 columns and 24 lines, with two methods' worth of stages; nothing of what matters is cut."""
    span = Span(page_of(10.0, 100), page_of(12.0, 200, versions={"aaaaaaaaaaaa": 120, "bbbbbbbbbbbb": 80}))
    frame = {
        "at": "2026-11-28T18:05:51.038+00:00", "address": "127.0.0.1:7401", "interval_s": 2.0,
        "gateway": gateway_frame(span), "stream": None, "drift": None,
    }  # fmt: skip
    console = Console(width=80, height=24, record=True, file=StringIO())
    console.print(render(frame))
    lines = console.export_text().splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    shown = "\n".join(lines)
    for words in (
        "GetSegments",
        "50.0",
        "aaaaaaaa 20%",
        "bbbbbbbb 80%",
        "25% coupon",
        "750.0",
        "does not answer",
        "shop 50",
        "release 5, 1 workers behind",
        "shadow promo_responder cccccccc: 10.0% differ",
        "refused 50/s, 40% by the core",
    ):
        assert words in shown


def test_no_gateway_is_a_sentence() -> None:
    """With the address that was tried. Port 9 is nobody's."""
    assert read_page("127.0.0.1:9") is None
    with pytest.raises(
        NothingRunsError, match=r"no gateway's metrics page answers at 127.0.0.1:9; start one with: strata up"
    ):
        Platform(Addresses("127.0.0.1:9", "127.0.0.1:9", "127.0.0.1:9"))
