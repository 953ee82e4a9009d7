"""Runs in an environment of its own, which has lleaves: a LightGBM text becomes a shared object of one function.

    python compile.py model.txt trees.so FUNCTION

Standard library, lleaves and, where there is no C compiler, ziglang's linker.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Compile, then link. What goes wrong is on stderr."""
    text, target, function = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    import lleaves

    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder) / "trees.o"
        lleaves.Model(model_file=str(text)).compile(cache=compiled, raw_score=True, froot_func_name=function)
        linker = next((found for found in ("cc", "gcc", "clang") if shutil.which(found)), None)
        command = [linker] if linker else [sys.executable, "-m", "ziglang", "cc"]
        subprocess.run([*command, "-shared", str(compiled), "-lm", "-o", str(target)], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
