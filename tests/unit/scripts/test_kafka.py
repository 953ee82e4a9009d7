"""The script that runs a broker: what it says where it cannot, and whom it leaves alone."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "kafka.py"


def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Its exit status and what it said."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("present", "missing"), [((), "java"), (("java",), "mvn")])
def test_without_java_or_maven_it_says_what_to_install(tmp_path: Path, present: tuple[str, ...], missing: str) -> None:
    """One sentence, and nothing is fetched."""
    for tool in present:
        (tmp_path / tool).write_text("#!/bin/sh\n")
        (tmp_path / tool).chmod(0o755)
    code, said, trouble = run("install", PATH=str(tmp_path), STRATA_KAFKA_CACHE=str(tmp_path / "cache"))
    assert (code, said) == (1, "")
    assert trouble.startswith("kafka: Kafka needs ")
    assert f"there is no {missing} here. Install it, or use deploy/compose.yaml" in trouble


def test_a_folder_without_a_broker_is_said_to_have_none(tmp_path: Path) -> None:
    """`status` fails, for scripts; `stop` has nothing to do."""
    sentence = f"No broker runs from {tmp_path}.\n"
    assert run("status", "--folder", str(tmp_path)) == (1, sentence, "")
    assert run("stop", "--folder", str(tmp_path)) == (0, sentence, "")


@pytest.mark.parametrize("pid", ["self", "", "not a number", "999999999"])
def test_a_process_that_only_has_the_broker_s_old_number_is_left_alone(tmp_path: Path, pid: str) -> None:
    """After a reboot the number in the file may be anybody's."""
    (tmp_path / "pid").write_text(str(os.getpid()) if pid == "self" else pid)
    assert run("stop", "--folder", str(tmp_path))[:2] == (0, f"No broker runs from {tmp_path}.\n")


def test_docker_runs_the_same_version_with_the_same_promises() -> None:
    """The compose file's image and settings are the script's."""
    script: dict[str, Any] = runpy.run_path(str(SCRIPT))
    kafka = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]["kafka"]
    assert kafka["image"] == f"apache/kafka:{script['VERSION']}"
    for line in script["PROPERTIES"].splitlines():
        name, _, value = line.partition("=")
        if name.startswith(("auto.", "offsets.", "transaction.", "share.", "group.", "node.", "process.")):
            setting = "KAFKA_" + name.replace(".", "_").upper()
            assert str(kafka["environment"][setting]) == value
