"""`<packages>/<segmenter>/<version>.runtime/choice.json`: what was measured on which host, and what is used from how
many rows on. It names exactly one manifest, and the SHA-256 of every file it needs."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from strata.errors import PackageInvalid
from strata.features import kernel
from strata.runtime.manifest import Strict

FORMAT: Final = "runtime-choice/1"
FILE_NAME: Final = "choice.json"
Runtime = Literal["kernel", "lightgbm", "onnxruntime", "lleaves", "numpy", "algebra"]


@dataclass(frozen=True)
class Host(Strict):
    """What a measurement holds for: on another host it is made again."""

    processor: str
    machine: str
    numpy: str
    kernel: bool
    """Whether the C kernel was built."""


@dataclass(frozen=True)
class FromRows(Strict):
    """Calls of at least so many rows, up to the next entry's, go to this runtime."""

    rows: int
    runtime: Runtime


@dataclass(frozen=True)
class Choice(Strict):
    """One host's choice for one package."""

    manifest_sha256: str
    host: Host
    measured_at: str
    use: tuple[FromRows, ...]
    """Ascending by rows; the first has 1."""
    files: dict[str, str]
    """File name -> SHA-256, of what the chosen runtimes load."""
    measured: dict[str, dict[str, float]]
    """Runtime -> rows a call -> median microseconds a call."""
    left_out: dict[str, str]
    """Runtime -> why it was not considered."""
    format: str = FORMAT

    def to_json(self) -> bytes:
        """The bytes of choice.json."""
        return (json.dumps(asdict(self), indent=1, allow_nan=False) + "\n").encode()


_ADAPTER: Final = TypeAdapter(Choice)


def choice_folder(package: Path) -> Path:
    """Beside a package's folder, never in it.

    >>> choice_folder(Path("packages/tiers/0123456789ab")).name
    '0123456789ab.runtime'
    """
    return package.with_name(f"{package.name}.runtime")


def parse_choice(raw: bytes) -> Choice:
    """Read and check choice.json. Raises PackageInvalid with one sentence."""
    try:
        document: Any = json.loads(raw)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise PackageInvalid(f"{FILE_NAME} is not of the format {FORMAT}")
        choice = _ADAPTER.validate_json(raw)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise PackageInvalid(f"{FILE_NAME}: {where}: {fault['msg'].lower()}") from None
    except (ValueError, RecursionError):
        raise PackageInvalid(f"{FILE_NAME} is not JSON (damaged or cut short)") from None
    rows = [each.rows for each in choice.use]
    if not rows or rows[0] != 1 or sorted(set(rows)) != rows:
        raise PackageInvalid(f"{FILE_NAME}: the rows of `use` should ascend from 1")
    if any(Path(name).name != name or name in ("", ".", "..", FILE_NAME) for name in choice.files):
        raise PackageInvalid(f"{FILE_NAME} names a file outside its folder")
    return choice


def this_host() -> Host:
    """The machine and libraries a measurement made now would hold for."""
    return Host(_processor(), platform.machine(), np.__version__, kernel.native() is not None)


def _processor() -> str:
    """As Linux names it; a container's limit of cores is not part of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{named[0] if named else platform.processor()} ({os.cpu_count()} threads)"
