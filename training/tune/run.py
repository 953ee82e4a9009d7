"""One tuning, from a stored package to its choice beside it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from strata.clock import format_instant, system_us
from strata.errors import InputInvalid, PackageInvalid
from strata.runtime import Package, load_package
from strata.runtime.choice.document import FILE_NAME, Choice, FromRows, choice_folder, this_host
from strata.runtime.choice.engines import FILES, usual
from strata.runtime.model import Floats
from training.tune.candidates import make_engines
from training.tune.choose import choose
from training.tune.measure import measure, why_not

REFERENCE = "reference.parquet"


def tune(folder: Path, *, rounds: int, tell: Callable[[str], None] = lambda stage: None) -> Choice:
    """Measure every runtime on a package's reference, and keep the choice beside it, replacing an earlier one whole.

    Raises PackageInvalid for a package that is not sound, InputInvalid for one without a reference.
    """
    package = load_package(folder)
    raw = _reference(folder, package)
    values = np.ascontiguousarray(np.where(np.isnan(raw), package.defaults, raw))
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pending-runtime-", dir=folder.parent) as scratch:
        engines, left_out = make_engines(package, folder, Path(scratch), tell)
        tell("comparing answers")
        truth = package.model.score(values)
        for name in list(engines):
            if why := why_not(engines[name], values, truth):
                left_out[name] = why
                del engines[name]
        measured = measure(engines, values, rounds, tell)
        use = choose(measured, usual(package.model))
        choice = Choice(
            manifest_sha256=package.manifest_sha256,
            host=this_host(),
            measured_at=format_instant(system_us()),
            use=use,
            files=_digests(use, Path(scratch)),
            measured={
                name: {str(size): round(us, 3) for size, us in times.items()} for name, times in measured.items()
            },
            left_out=left_out,
        )
        _keep(choice, Path(scratch), choice_folder(folder))
    return choice


def _reference(folder: Path, package: Package) -> Floats:
    try:
        table = pq.read_table(folder / REFERENCE, columns=list(package.manifest.feature_keys))
    except (OSError, ValueError) as error:
        raise PackageInvalid(f"{folder / REFERENCE} cannot be read: {error}") from None
    if table.num_rows == 0:
        raise InputInvalid(f"{folder / REFERENCE} holds no rows to measure on; train the segmenter again")
    columns = [column.to_numpy().astype(np.float64) for column in table.itercolumns()]
    return np.ascontiguousarray(np.column_stack(columns))


def _digests(use: tuple[FromRows, ...], folder: Path) -> dict[str, str]:
    names = {FILES[each.runtime] for each in use if each.runtime in FILES}
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sorted(names)}


def _keep(choice: Choice, scratch: Path, target: Path) -> None:
    """Files first, choice.json last and by a rename: a tuning that is killed leaves no choice, or a whole one."""
    target.mkdir(mode=0o755, exist_ok=True)
    (target / FILE_NAME).unlink(missing_ok=True)
    for name in choice.files:
        shutil.copyfile(scratch / name, target / name)
    pending = target / f".{FILE_NAME}"
    with pending.open("wb") as file:
        file.write(choice.to_json())
        file.flush()
        os.fsync(file.fileno())
    pending.replace(target / FILE_NAME)
