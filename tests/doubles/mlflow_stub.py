"""MLflow's tracking server as far as a training speaks with it: its REST paths, kept in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"


@dataclass
class Stub:
    """What was recorded, and whether the server is of a mind to record."""

    uri: str = ""
    status: int = 200
    experiments: list[str] = field(default_factory=list)
    run: dict[str, Any] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def answer(self, path: str, asked: dict[str, Any]) -> dict[str, Any] | None:
        """The reply to one call; None: there is no such thing."""
        return {
            "/experiments/get-by-name": self._experiment,
            "/experiments/create": self._create_experiment,
            "/runs/create": self._create_run,
            "/runs/get": lambda asked: {"run": self._told()},
            "/runs/log-batch": self._log,
            "/runs/update": self._end,
        }[path.removeprefix(API)](asked)

    def _experiment(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        name = asked["experiment_name"]
        return {"experiment": {"experiment_id": "1", "name": name}} if name in self.experiments else None

    def _create_experiment(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.experiments.append(asked["name"])
        return {"experiment_id": "1"}

    def _create_run(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.run = {"run_name": asked["run_name"], "status": "RUNNING"}
        return {"run": self._told()}

    def _log(self, asked: dict[str, Any]) -> dict[str, Any]:
        for kept, key in ((self.params, "params"), (self.metrics, "metrics"), (self.tags, "tags")):
            kept.update({one["key"]: one["value"] for one in asked.get(key, ())})
        return {}

    def _end(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.run["status"] = asked["status"]
        return {"run_info": self._told()["info"]}

    def _told(self) -> dict[str, Any]:
        where = {"artifact_uri": "mlflow-artifacts:/1/r1/artifacts", "experiment_id": "1", "lifecycle_stage": "active"}
        return {"info": {"run_id": "r1", "run_uuid": "r1", **self.run, **where}, "data": {}}


@contextmanager
def mlflow_stub() -> Iterator[Stub]:
    """A server on a free port of loopback until the end of the block."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            self._reply(asked)

        def do_POST(self) -> None:
            self._reply(json.loads(self._body() or b"{}"))

        def do_PUT(self) -> None:
            name = unquote(urlsplit(self.path).path).removeprefix(ARTIFACTS)
            stub.files[name] = self._body()
            self._send(200, {})

        def _reply(self, asked: dict[str, Any]) -> None:
            if stub.status != 200:
                self._send(stub.status, {"error_code": "INTERNAL_ERROR", "message": "the disk is full"})
                return
            found = stub.answer(urlsplit(self.path).path, asked)
            missing = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such thing"}
            self._send(404 if found is None else 200, missing if found is None else found)

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def _send(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    stub.uri = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
