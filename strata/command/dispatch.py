"""The way from `strata ARGUMENTS` to an exit code. Imports no room and, for its own help, not even Typer."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence

from strata.command.catalog import CHAPTERS, EXAMPLES, Entry, entry_names, find_entry
from strata.errors import SettingsInvalid
from strata.faults import explain
from strata.processes import words

USAGE = "usage: strata [--settings FILE] COMMAND [ARGUMENTS]"
CALLERS_MISTAKE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command and return the exit code: 0, 1 for a failure, 2 for the caller's own mistake."""
    try:
        return dispatch(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of a pipe (head, less) had enough; a second complaint at exit would be noise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last resort of the process: one sentence, trace to a file
        sentence, code = explain(error)
        words.say(f"strata: {sentence}")
        return code


def dispatch(arguments: list[str]) -> int:
    """As `main`, for a process that runs several: errors are raised, not printed."""
    arguments = _take_settings(arguments)
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(overview())
        return 0
    name, *rest = arguments
    entry = find_entry("version" if name in {"-V", "--version"} else name)
    if entry is None:
        print(f"strata: {_unknown(name)}", file=sys.stderr)
        return CALLERS_MISTAKE
    return _run(entry, rest)


def _take_settings(arguments: list[str]) -> list[str]:
    """Take `--settings FILE` off the front; sub-commands and their children read it from the environment."""
    if not arguments or arguments[0].split("=")[0] != "--settings":
        return arguments
    _, equals, named = arguments[0].partition("=")
    rest = arguments[1:]
    if not equals:
        if not rest:
            raise SettingsInvalid("--settings wants a file")
        named, *rest = rest
    os.environ["STRATA_SETTINGS"] = os.path.abspath(named)  # noqa: PTH100 - Path costs more than the rest of --help
    return rest


def _run(entry: Entry, arguments: list[str]) -> int:
    from strata.command.locate import locate_command

    command = locate_command(entry)
    try:
        outcome = command.main(args=arguments, prog_name=f"strata {entry.name}")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    return outcome if isinstance(outcome, int) else 0


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, entry_names(), n=1)
    guess = f"did you mean '{near[0]}'?" if near else "'strata --help' lists the commands"
    return f"there is no command {name!r}; {guess}"


def overview() -> str:
    """The help of `strata` itself."""
    lines = ["Strata: which segment is a user in, right now.", "", USAGE]
    for chapter in CHAPTERS:
        lines += ["", f"{chapter.title}:", *(f"  {entry.name:<17}{entry.summary}" for entry in chapter.entries)]
    lines += ["", "Examples:", *(f"  {example:<37}{meaning}" for example, meaning in EXAMPLES)]
    lines += ["", "'strata COMMAND --help' tells more. Settings: strata.yaml, then STRATA_* variables."]
    return "\n".join(lines)
