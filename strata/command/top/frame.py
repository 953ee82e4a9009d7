"""One look at a platform as a document: for `--json`, and for the view."""

from __future__ import annotations

from typing import Any

from strata.command.top.span import Span

Document = dict[str, Any]
FEATURES, SCORE, REPLY = STAGES = ("features", "score", "reply")
SOURCES = ("live", "last_known", "fallback")


def gateway_frame(span: Span) -> Document:
    """What the gateway's page says of the span."""
    return {
        "calls": [
            _method(span, method)
            for method in span.after.values("strata_requests_total", "method")
            if _called(span, method)
        ],
        "callers": _callers(span),
        "answers": [
            _segmenter(span, name) for name in span.after.values("strata_feature_age_seconds_count", "segmenter")
        ],
        "workers": _workers(span),
        "release": _release(span),
        "admission": _admission(span),
        "predictions": {
            "written_per_s": span.per_s("strata_prediction_log_rows_total", outcome="written"),
            "dropped": sum(
                span.after.total("strata_prediction_log_rows_total", outcome=outcome)
                for outcome in ("dropped_full_queue", "dropped_write_error")
            ),
        },
    }


def stream_frame(span: Span) -> Document:
    """What the stream process' page says of the span."""
    verdicts = span.after.values("strata_stream_records_total", "verdict")
    return {
        "records_per_s": span.per_s("strata_stream_records_total"),
        "verdicts_per_s": {verdict: span.per_s("strata_stream_records_total", verdict=verdict) for verdict in verdicts},
        "events_per_s": span.per_s("strata_door_events_total"),
        "ack_p50_ms": _ms(span.quantile(0.5, "strata_door_ack_seconds")),
        "lag_records": span.after.total("strata_stream_lag_records"),
        "behind_s": span.after.total("strata_stream_behind_seconds"),
        "troubles": span.after.total("strata_stream_trouble_total"),
        "parity_differences": span.after.total("strata_parity_differences"),
        "parity_users": span.after.total("strata_parity_users_compared"),
    }


def drift_frame(span: Span) -> list[Document]:
    """The newest report of each segmenter."""
    return [
        {
            "segmenter": labels["segmenter"],
            "status": labels["status"],
            "columns_drifted": span.after.total("strata_drift_columns", segmenter=labels["segmenter"]),
        }
        for labels, value in span.after.select("strata_report_status")
        if value
    ]


def _called(span: Span, method: str) -> bool:
    return span.after.total("strata_requests_total", method=method) > 0


def _method(span: Span, method: str) -> Document:
    calls = span.per_s("strata_requests_total", method=method)
    return {
        "method": method,
        "per_s": calls,
        "not_ok_per_s": calls - span.per_s("strata_requests_total", method=method, code="OK"),
        **_quantiles(span, "strata_request_seconds", method=method),
        "stages": {
            stage: _quantiles(span, "strata_stage_seconds", method=method, stage=stage)
            for stage in STAGES
            if stage in span.after.values("strata_stage_seconds_count", "stage", method=method)
        },
    }


def _quantiles(span: Span, name: str, **labels: str) -> Document:
    return {f"p{round(100 * share)}_ms": _ms(span.quantile(share, name, **labels)) for share in (0.5, 0.95, 0.99)}


def _callers(span: Span) -> list[Document]:
    rates = [
        {"caller": caller, "per_s": span.per_s("strata_caller_requests_total", caller=caller)}
        for caller in span.after.values("strata_caller_requests_total", "caller")
    ]
    return sorted((each for each in rates if each["per_s"]), key=lambda each: -float(each["per_s"]))


def _segmenter(span: Span, name: str) -> Document:
    family = "strata_assignments_total"
    answers = span.per_s(family, segmenter=name)
    versions = {
        each: span.per_s(family, segmenter=name, version=each)
        for each in span.after.values(family, "version", segmenter=name)
    }
    return {
        "segmenter": name,
        "versions_per_s": versions,
        "per_s": answers,
        "shares": {source: span.per_s(family, segmenter=name, source=source) / answers for source in SOURCES}
        if answers
        else {},
        "degraded_per_s": answers
        - span.per_s(family, segmenter=name, degradation="none")
        - span.per_s(family, segmenter=name, degradation="unknown_user"),
        "age_p50_s": span.quantile(0.5, "strata_feature_age_seconds", segmenter=name),
        "age_p95_s": span.quantile(0.95, "strata_feature_age_seconds", segmenter=name),
        "missing_share": _missing(span, name),
    }


def _missing(span: Span, name: str) -> dict[str, float]:
    """Features with missing values since the gateway started, the most first: a span is too short to tell."""
    rows = span.after.total("strata_feature_sampled_rows_total", segmenter=name)
    counts = span.after.select("strata_feature_sampled_missing_total", segmenter=name)
    shares = {labels["feature"]: count / rows for labels, count in counts if count and rows}
    return dict(sorted(shares.items(), key=lambda each: -each[1]))


def _workers(span: Span) -> Document:
    page = span.after
    return {
        "answering": page.total("strata_workers"),
        "replaced": page.total("strata_worker_restarts_total"),
        "each": [
            {
                "worker": worker,
                "cores": span.per_s("strata_worker_cpu_seconds_total", worker=worker),
                "late_ms": _ms(page.total("strata_worker_loop_lag_seconds", worker=worker)),
                "resident_mb": page.total("strata_worker_resident_bytes", worker=worker) / 1e6,
            }
            for worker in page.values("strata_worker_resident_bytes", "worker")
        ],
    }


def _release(span: Span) -> Document:
    """The newest release, and what its shadows say of the users that were answered."""
    family = "strata_shadow_scores_total"
    shadows = []
    for segmenter in span.after.values(family, "segmenter"):
        for version in span.after.values(family, "version", segmenter=segmenter):
            said = {
                outcome: span.per_s(family, segmenter=segmenter, version=version, outcome=outcome)
                for outcome in ("agreed", "disagreed", "dropped", "failed")
            }
            if any(said.values()):
                shadows.append(
                    {"segmenter": segmenter, "version": version, **{f"{k}_per_s": v for k, v in said.items()}}
                )
    return {
        "serial": span.after.total("strata_release_serial"),
        "workers_behind": span.after.total("strata_release_behind"),
        "shadows": shadows,
    }


def _admission(span: Span) -> Document:
    probes = span.per_s("strata_queue_probes_total")
    refused = span.per_s("strata_queue_probes_total", outcome="refused")
    return {
        "refused_per_s": span.per_s("strata_admission_refused_total"),
        "core_refused_share": refused / probes if probes else 0.0,
        "in_flight": span.after.total("strata_admission_in_flight"),
        "limit": span.after.total("strata_admission_limit"),
        "queue_p99_ms": _ms(span.quantile(0.99, "strata_queue_seconds")),
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1_000 * seconds
