"""A trained version recorded in MLflow, where a tracking server is named: parameters, figures, tags and the page.

The package is the truth and is stored before this begins; a server that is away, slow or refuses costs a sentence.
MLflow runs in a process of its own: it is imported by nobody who does not track, its settings and threads stay out of
the training, and it can be ended on time wherever it waits.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from strata.settings import TrackingSettings
from training.definition import Definition
from training.report.judged import Judged
from training.report.wrapping import shortened

ARTIFACTS: Final = ("evaluation.html", "evaluation.json", "model_card.md", "manifest.json")
# The names of segments and what people read about them: long, and in the page.
_NOT_PARAMETERS: Final = frozenset({"description", "archetypes", "bands", "axes", "name", "gates"})
_VALUE_LENGTH: Final = 500  # MLflow refuses longer ones where its server is of version 1
# Unless the environment says otherwise: no telemetry to MLflow's makers, and two more tries, after 1 s and 2 s.
_ENVIRONMENT: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
_SAID: Final = 240  # characters of a server's own words


def tracking_uri(settings: TrackingSettings, environ: Mapping[str, str]) -> str:
    """`tracking.uri`, else MLflow's own $MLFLOW_TRACKING_URI, else empty: nothing is tracked."""
    return settings.uri or environ.get("MLFLOW_TRACKING_URI", "")


def track(
    definition: Definition,
    judged: Judged,
    folder: Path,
    settings: TrackingSettings,
    environ: Mapping[str, str] = os.environ,
) -> str | None:
    """Record a version that was decided about, its pages from `folder`.

    None when it is recorded or nothing is configured, else a sentence of warning.

    Never raises for what a server does, and returns within `settings.timeout_s`; MLflow tries a failed request again
    within that time.
    """
    uri = tracking_uri(settings, environ)
    if not uri:
        return None
    order = {
        "uri": uri,
        "experiment": f"{settings.experiment}/{definition.name}",
        **described(definition, judged),
        "timeout_s": settings.timeout_s,
        "artifacts": [str(folder / name) for name in ARTIFACTS if (folder / name).is_file()],
    }
    fault = _recorded(order, settings.timeout_s, environ)
    if fault is None:
        return None
    return (
        f"{definition.name} {judged.manifest.version} was not recorded at {without_secrets(uri)}: {fault}; "
        "nothing else is lost: look at tracking.uri and the server"
    )


def described(definition: Definition, judged: Judged) -> dict[str, Any]:
    """`name`, `params`, `metrics` and `tags` of the run."""
    manifest, window = judged.manifest, judged.manifest.data_window
    declared = definition.model_dump(mode="json", exclude_none=True)
    return {
        "name": f"{manifest.segmenter} {manifest.version}",
        "params": {name: value[:_VALUE_LENGTH] for name, value in _flat(declared)},
        "metrics": manifest.metrics,
        "tags": {
            "strata.segmenter": manifest.segmenter,
            "strata.version": manifest.version,
            "strata.schema_fingerprint": manifest.schema_fingerprint,
            "strata.first": window.first,
            "strata.last": window.last,
            "strata.as_of": window.as_of,
            **({"strata.decision": judged.details["decision"]} if "decision" in judged.details else {}),
            **{f"library.{name}": version for name, version in manifest.libraries.items()},
        },
    }


def without_secrets(text: str) -> str:
    """An address, or words that name one, without the user's name and password, and without what follows a `?`.

    >>> without_secrets("no answer of https://user:secret@mlflow.example:5000/x?token=1 today")
    'no answer of https://mlflow.example:5000/x today'
    """
    return re.sub(r"(\w://)(?:[^/\s]*@)?([^\s?]*)(?:\?\S*)?", r"\1\2", text)


def _recorded(order: Mapping[str, Any], timeout_s: float, environ: Mapping[str, str]) -> str | None:
    """What went wrong, in one line; None when nothing did."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "training.report.mlflow_run"],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env={**_ENVIRONMENT, **environ},
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {timeout_s:g} s"
    except OSError as error:
        return f"its process could not be started ({error.strerror})"
    if done.returncode == 0:
        return None
    said = done.stderr.strip().splitlines() or [f"its process ended with {done.returncode}"]
    return shortened(without_secrets(said[-1]), _SAID)


def _flat(declared: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in declared.items():
        if key in _NOT_PARAMETERS:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        elif value not in ({}, [], ()):
            yield f"{before}{key}", value if isinstance(value, str) else json.dumps(value)
