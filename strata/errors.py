"""The error tree.

    StrataError                     anything we can explain
    +-- SettingsInvalid             a setting is unknown, missing or of the wrong kind
    +-- DefinitionInvalid           a feature view, mapping or segmenter file is not what it should be
    +-- InputInvalid                a row, request or file from outside cannot be used
    +-- StoreUnavailable            the online state cannot be opened or read
    |   +-- StoreDamaged            it is there, and it is broken
    |   +-- PositionsDiffer         its log positions are not those the writer expected
    +-- LogUnavailable              the event log cannot be opened, written or read
    |   +-- LogDamaged              it is there, and it is broken
    +-- LogFull                     the event log takes no more just now
    +-- PackageInvalid              a package is damaged, or not what its manifest says
    |   +-- PackageMismatch         a sound package that does not fit the registry
    +-- SegmenterNotFound           no segmenter of that name
    +-- SegmenterUnavailable        a segmenter failed or could not be reached in time
    +-- AlreadyRunning              another process holds what this one needs

A message says what happened and what to try. One interceptor maps these to gRPC codes; one handler in the
command prints them without a stack trace.
"""

from __future__ import annotations


class StrataError(Exception):
    """Anything we can explain to the person or program that asked."""


class SettingsInvalid(StrataError):
    """A setting is unknown, missing or of the wrong kind."""


class DefinitionInvalid(StrataError):
    """A feature view, a mapping or a segmenter file is not what it should be."""


class InputInvalid(StrataError):
    """Something from outside cannot be used."""


class StoreUnavailable(StrataError):
    """The online state cannot be opened or read."""


class StoreDamaged(StoreUnavailable):
    """The online state is there, and it is broken."""


class LogUnavailable(StrataError):
    """The event log cannot be opened, written or read; later it may be."""


class LogDamaged(LogUnavailable):
    """The event log is there, and it is broken: trying again does not help."""


class LogFull(StrataError):
    """More waits to become durable than the event log's queue may hold. Nothing of what was offered was taken."""

    def __init__(self, queued: int, retry_after_s: float) -> None:
        self.queued, self.retry_after_s = queued, retry_after_s
        super().__init__(
            f"the event log takes no more just now: {queued} records wait to become durable; "
            f"try again in {retry_after_s:.2f} s"
        )


class PositionsDiffer(StoreUnavailable):
    """The online state's log positions are not those the writer expected; nothing was written."""

    def __init__(self, table: str, stored: dict[int, int | None], expected: dict[int, int]) -> None:
        self.table, self.stored, self.expected = table, stored, expected
        super().__init__(
            f"the online state has {table} up to the log positions {stored}, not {expected}: it lost its newest "
            "writes, or another worker wrote. Go on from the positions it has"
        )


class PackageInvalid(StrataError):
    """A package is damaged, or is not what its manifest says."""


class PackageMismatch(PackageInvalid):
    """A sound package whose features are not the registry's."""

    def __init__(self, segmenter: str, version: str, differences: list[str]) -> None:
        self.segmenter, self.version, self.differences = segmenter, version, differences
        super().__init__(
            f"{segmenter} {version} does not match the feature registry: {'; '.join(differences)}. "
            f"Train it again (strata train {segmenter}) or restore the definitions it was trained on."
        )


class SegmenterNotFound(StrataError):
    """No segmenter of that name is served."""

    def __init__(self, name: str, served: list[str]) -> None:
        self.name, self.served = name, served
        super().__init__(f"no segmenter is named {name!r}; served here: {', '.join(served) or 'none'}")


class SegmenterUnavailable(StrataError):
    """A segmenter failed or could not be reached in time."""

    def __init__(self, name: str, reason: str, *, timed_out: bool = False) -> None:
        self.name, self.reason, self.timed_out = name, reason, timed_out
        super().__init__(f"segmenter {name} did not answer: {reason}")


class AlreadyRunning(StrataError):
    """Another process holds what this one needs."""
