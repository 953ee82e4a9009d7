"""Traces of calls in OpenTelemetry's terms: from a caller's traceparent to the last server that did a part of the work.

Nothing here imports OpenTelemetry but `otel`, and that is imported only where the settings name a collector.
"""

from strata.tracing.handler import traced_handler
from strata.tracing.opening import open_tracing
from strata.tracing.ports import Step, Tracing

__all__ = ["Step", "Tracing", "open_tracing", "traced_handler"]
