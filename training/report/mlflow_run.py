"""`python -m training.report.mlflow_run`: one run of MLflow from an order on standard input (`tracking.track`).

Ends with 0, or with 1 and its reason as the last line of standard error.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any


def record(order: Mapping[str, Any]) -> str:
    """Make the experiment where it is new, and one finished run in it. Returns the run's id."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    client = MlflowClient(tracking_uri=order["uri"])
    found = client.get_experiment_by_name(order["experiment"])
    experiment = client.create_experiment(order["experiment"]) if found is None else found.experiment_id
    run = client.create_run(experiment, run_name=order["name"]).info.run_id
    now_ms = int(time.time() * 1_000)
    try:
        client.log_batch(
            run,
            metrics=[Metric(name, value, now_ms, 0) for name, value in order["metrics"].items()],
            params=[Param(name, value) for name, value in order["params"].items()],
            tags=[RunTag(name, value) for name, value in order["tags"].items()],
        )
        for path in order["artifacts"]:
            client.log_artifact(run, path)
    except Exception:
        client.set_terminated(run, "FAILED")
        raise
    client.set_terminated(run, "FINISHED")
    return str(run)


def main() -> int:
    """Read the order, record it, say why not."""
    order = json.load(sys.stdin)
    signal.setitimer(signal.ITIMER_REAL, order["timeout_s"])  # ends this process even where its training was killed
    # Feast offers MLflow a header for Feast's own server, and MLflow would import all of Feast for it: six seconds of a
    # core (2026-11). None makes that import fail at once; other plug-ins are asked as ever.
    sys.modules["feast"] = None  # type: ignore[assignment]
    try:
        sys.stdout.write(record(order) + "\n")
    except Exception as error:  # MLflow's, requests', a store's of any kind: the training wants one line of each
        sys.stderr.write(f"{' '.join(str(error).split()) or type(error).__name__}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
