"""A forest as machine code, by lleaves in an environment of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from strata.processes.environments import install, make_environment, place, run
from strata.runtime.choice.compiled_trees import FUNCTION

FOLDER: Final = Path(__file__).parent / "lleaves"
REQUIREMENTS: Final = FOLDER / "requirements.txt"


def compile_trees(text: Path, target: Path) -> None:
    """Compile a LightGBM text into a shared object for this processor; its environment (about 400 MB) is made once.

    Seconds for a few hundred small trees, a minute for 1,200 of 63 leaves. Raises NotInstalled with what went wrong.
    """
    environment = place("compilers", "lleaves", REQUIREMENTS)
    install(environment, lambda folder: make_environment(folder, REQUIREMENTS))
    python = str(environment / "bin" / "python")
    run([python, str(FOLDER / "compile.py"), str(text), str(target), FUNCTION], "lleaves does not compile these trees")
