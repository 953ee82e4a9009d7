"""A package as a BentoML model and a Bento, both named by segmenter and exact version."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Final

from strata.runtime import Package, load_package
from strata.settings import Settings

SERVICE: Final = "serving.bento.service:StrataSegmenter"
# What a worker imports, at the versions this machine proved; no index address, no hash of another platform.
PACKAGES: Final = (
    "bentoml", "googleapis-common-protos", "grpcio", "grpcio-health-checking", "grpcio-reflection", "httptools",
    "lightgbm", "numpy", "opentelemetry-exporter-otlp-proto-grpc", "opentelemetry-sdk", "protobuf",
    "pydantic", "pyyaml", "uvloop",
)  # fmt: skip
_SOURCES: Final = ("strata", "serving/__init__.py", "serving/bento")
_ROOT: Final = Path(__file__).parents[2]


def use_home(settings: Settings) -> None:
    """Point BentoML at this platform's store; call it before `import bentoml`, which reads it once."""
    settings.bentoml_home.mkdir(parents=True, exist_ok=True)
    os.environ["BENTOML_HOME"] = str(settings.bentoml_home)
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"


def build_bento(settings: Settings, folder: Path) -> str:
    """Build the Bento of a package unless it is there already; returns its tag, `segmenter:version`.

    Raises PackageInvalid when the package is damaged.
    """
    package = load_package(folder)
    use_home(settings)
    import bentoml

    logging.getLogger("bentoml").setLevel(logging.ERROR)  # it greets, and advises a cloud service
    tag = f"{package.manifest.segmenter}:{package.manifest.version}"
    if not _known(bentoml.models, tag):
        _save_model(package, folder, tag)
    if not _known(bentoml, tag):
        # BentoML reads a Dockerfile template from below the working folder only.
        with _build_context() as context, chdir(context):
            bentoml.build(SERVICE, build_ctx=str(context), **_options(package, tag))
    return tag


def _known(store: Any, tag: str) -> bool:
    from bentoml.exceptions import NotFound

    try:
        store.get(tag)
    except NotFound:
        return False
    return True


def _save_model(package: Package, folder: Path, tag: str) -> None:
    import bentoml

    manifest = package.manifest
    labels = {"segmenter": manifest.segmenter, "algorithm": manifest.algorithm}
    metadata = {"schema_fingerprint": manifest.schema_fingerprint}
    with bentoml.models.create(tag, labels=labels, metadata=metadata) as model:
        for source in folder.iterdir():
            shutil.copy(source, model.path_of(source.name))


def _options(package: Package, tag: str) -> dict[str, Any]:
    manifest = package.manifest
    return {
        "name": manifest.segmenter,
        "version": manifest.version,
        "description": f"{manifest.description}\n\nPackage {tag}, schema {manifest.schema_fingerprint}.",
        "labels": {"segmenter": manifest.segmenter},
        "models": [{"tag": tag, "alias": "package"}],
        "python": {"packages": [f"{name}=={installed(name)}" for name in PACKAGES], "lock_packages": False},
        # libgomp1: LightGBM's OpenMP runtime, which slim images lack.
        "docker": {
            "python_version": "3.11",
            "system_packages": ["libgomp1"],
            "dockerfile_template": "serving/bento/Dockerfile.template",
        },
    }


@contextmanager
def _build_context() -> Iterator[Path]:
    """Only what a worker needs; building from the repository itself would walk its environment, too."""
    with tempfile.TemporaryDirectory(prefix="strata-bento-") as name:
        context = Path(name)
        for source in _SOURCES:
            target = context / source
            target.parent.mkdir(parents=True, exist_ok=True)
            if (_ROOT / source).is_dir():
                shutil.copytree(_ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__", "command"))
            else:
                shutil.copy(_ROOT / source, target)
        yield context
