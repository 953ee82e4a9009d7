"""Which sub-commands there are and where each lives; nothing is imported until one is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One name after `strata`."""

    name: str
    summary: str
    target: str
    """`module:attribute` of a Typer app or of a plain function."""
    member: str | None = None
    """The command of that app which is meant, for apps that hold several top-level names."""


@dataclass(frozen=True)
class Chapter:
    """Sub-commands a reader of the help looks for together."""

    title: str
    entries: tuple[Entry, ...]


CHAPTERS = (
    Chapter(
        "Run it",
        (
            Entry(
                "up",
                "prepare what is missing, then serve: gateway, events, Bento server, report page",
                "strata.command.up.cli:up",
            ),
            Entry("segment", "ask a running gateway which segments a user is in", "strata.command.segment:segment"),
            Entry("top", "watch a running platform: calls, answers, workers, events", "strata.command.top.cli:top"),
            Entry(
                "explain-latency",
                "show where the time of a user's calls goes",
                "strata.command.explain.cli:explain_latency",
            ),
            Entry("doctor", "check this machine and this home, and say what to do", "strata.command.doctor.cli:doctor"),
        ),
    ),
    Chapter(
        "From events to packages",
        (
            Entry("events", "bring events and facts into the history", "streaming.cli:app"),
            Entry("stream", "take live events, fold them, publish them", "streaming.stream_cli:app"),
            Entry("features", "apply, materialise and verify feature definitions", "feature_repo.cli:app"),
            Entry("train", "fit a segmenter, evaluate it, make a package", "training.cli:app", "train"),
            Entry("lab", "algorithms side by side on real tables and a million users", "training.lab.cli:app"),
            Entry("packages", "list, verify and tune the versions of each segmenter", "training.cli:app", "packages"),
            Entry("segments", "what retraining does to segments and their users", "training.cli:app", "segments"),
            Entry("bento", "build a package into a Bento; serve one or all of a release", "serving.bento.cli:app"),
        ),
    ),
    Chapter(
        "Serve and watch",
        (
            Entry("serve", "the gRPC gateway alone", "serving.cli:app", "serve"),
            Entry("release", "show and change which versions answer", "serving.release_cli:app"),
            Entry("monitor", "drift reports from the prediction log, and their page", "monitoring.cli:app"),
            Entry("loadtest", "hold a gateway to its latency budget", "loadtests.cli:app", "loadtest"),
            Entry("bench", "cost of a call beside an echo and the glued stack", "loadtests.cli:app", "bench"),
            Entry("prove", "kill servers and count; time an event to its answer", "loadtests.live.cli:app"),
        ),
    ),
    Chapter(
        "Other",
        (
            Entry(
                "settings", "list every setting, its value in force and its meaning", "strata.command.settings:settings"
            ),
            Entry("version", "print the version", "strata.command.version:version"),
        ),
    ),
)

EXAMPLES = (
    ("strata up", "serve the demonstration"),
    ("strata segment 1", "the segments of household 1, for a person"),
    ("strata segment 1 --json", "the same, for a program"),
    ("strata features --help", "what can be done with features"),
    ("STRATA_GATEWAY__PORT=7000 strata up", "any setting can come from the environment"),
)


ALIASES = {"package": "packages"}


def find_entry(name: str) -> Entry | None:
    """The entry of that name or alias, if there is one."""
    name = ALIASES.get(name, name)
    return next((entry for chapter in CHAPTERS for entry in chapter.entries if entry.name == name), None)


def entry_names() -> list[str]:
    """Every name, in the order of the help."""
    return [entry.name for chapter in CHAPTERS for entry in chapter.entries]
