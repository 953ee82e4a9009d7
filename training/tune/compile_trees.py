"""A forest as machine code, by lleaves in an environment of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from strata.processes.environments import install, make_environment, place, run
from strata.runtime.choice.compiled_trees import FUNCTION

FOLDER: Final = Path(__file__).parent / "lleaves"
REQUIREMENTS: Final = FOLDER / "requirements.txt"


def compiler() -> Path:
    """The Python of lleaves' environment (about 400 MB), made once. Raises NotInstalled when it cannot be."""
    environment = place("compilers", "lleaves", REQUIREMENTS)
    install(environment, lambda folder: make_environment(folder, REQUIREMENTS))
    return environment / "bin" / "python"


def compile_trees(text: Path, target: Path) -> None:
    """Compile a LightGBM text into a shared object for this processor.

    Seconds for a few hundred small trees, a minute for 1,200 of 63 leaves. Raises NotInstalled with what went wrong.
    """
    program = str(FOLDER / "compile.py")
    run([str(compiler()), program, str(text), str(target), FUNCTION], "lleaves does not compile these trees")
