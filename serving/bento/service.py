"""The service BentoML serves: whatever package its Bento pins, over HTTP and, in the same worker, over gRPC.

The package is found by the alias `package`, which a Bento resolves to the exact tag it was built with (a plain
`name:latest` would be resolved when the worker starts, to whatever is newest then).
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import Any, Final

import bentoml
from bentoml.exceptions import BadInput

from serving.bento.grpc_server import SegmenterServer
from serving.bento.rows import to_answers, to_matrix
from serving.bento.servicer import MAX_ROWS
from serving.bento.tie import end_with_parent
from strata.errors import AlreadyRunning, InputInvalid, PackageInvalid
from strata.runtime import load_package
from strata.settings import load_settings
from strata.tracing import open_tracing

ALIAS: Final = "package"
_log = logging.getLogger("bentoml.strata")


@bentoml.service(name="strata_segmenter", workers=1, traffic={"timeout": 10})
class StrataSegmenter:
    """Scores feature rows with one exact version of one segmenter."""

    def __init__(self) -> None:
        model = bentoml.models.get(ALIAS)
        self.package = load_package(Path(model.path))
        if self.package.manifest.version != model.tag.version:
            raise PackageInvalid(f"model {model.tag} holds version {self.package.manifest.version}")
        self._server: SegmenterServer | None = None
        self._settings = load_settings()
        self._tracing = open_tracing(self._settings.tracing, "strata-bento")
        end_with_parent()

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def start_grpc(self) -> None:
        """Listen for gRPC. A taken port ends the whole server: BentoML would respawn the worker for ever."""
        settings = self._settings
        server = SegmenterServer(
            self.package, max_connection_age_s=settings.gateway.max_connection_age_s, tracing=self._tracing
        )
        try:
            port = await server.start(settings.bento.host, settings.bento.grpc_port)
        except AlreadyRunning as error:
            _log.error("%s", error)
            os.kill(os.getppid(), signal.SIGTERM)
            raise
        self._server = server
        manifest = self.package.manifest
        _log.warning("%s %s serves gRPC on %s:%d", manifest.segmenter, manifest.version, settings.bento.host, port)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def stop_grpc(self) -> None:
        """Drain: calls in flight finish."""
        if self._server is not None:
            await self._server.stop(self._settings.gateway.drain_s)
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.close, 1.0)

    @bentoml.api  # type: ignore[untyped-decorator]
    async def score(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Assign a segment to each row. A row is an object of `view:feature` and value; left out or null is missing."""
        manifest = self.package.manifest
        try:
            values = to_matrix(manifest, rows, MAX_ROWS)
        except InputInvalid as error:
            raise BadInput(str(error)) from None
        answers = to_answers(manifest, self.package.score(values))
        return {"segmenter": manifest.segmenter, "version": manifest.version, "answers": answers}

    @bentoml.api  # type: ignore[untyped-decorator]
    async def describe(self) -> dict[str, Any]:
        """Which package this is: version, features in order, vocabulary."""
        manifest = self.package.manifest
        return {
            "segmenter": manifest.segmenter,
            "version": manifest.version,
            "description": manifest.description,
            "schema_fingerprint": manifest.schema_fingerprint,
            "manifest_sha256": self.package.manifest_sha256,
            "score_meaning": manifest.score_meaning,
            "fallback_segment": manifest.fallback_segment,
            "features": [
                {"name": f.key, "dtype": f.dtype, "default": f.default, "categories": list(f.categories)}
                for f in manifest.features
            ],
            "segments": [{"key": e.key, "label": e.label, "description": e.description} for e in manifest.vocabulary],
        }
