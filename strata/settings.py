"""Settings: one typed, frozen object per process, from `strata.yaml` and the environment.

The environment wins: STRATA_GATEWAY__PORT=7000 sets `gateway.port`. Unknown keys, in either, stop the start
with a sentence. Paths are resolved against the folder of the settings file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from strata.clock import Clock, make_clock
from strata.errors import SettingsInvalid

PREFIX = "STRATA_"
# Read where they are needed, not as settings: where to look, and which kernel does the work.
OTHER_KEYS = frozenset({"STRATA_SETTINGS", "STRATA_KERNEL", "STRATA_KAFKA_CACHE", "STRATA_RETAIL_FOLDER"})


class Section(BaseModel):
    """A frozen group of settings that knows its own keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ClockSettings(Section):
    """The platform's clock."""

    mode: str = "system"
    """`system`, or `replay:INSTANT` (ISO 8601 with an offset)."""
    origin_us: int | None = None
    """When the replay began, in system microseconds; the supervisor sets it for its children."""
    speed: float = Field(default=1.0, gt=0, le=1_000_000)


class GatewaySettings(Section):
    """The gRPC gateway."""

    host: str = "127.0.0.1"
    port: int = Field(default=7400, ge=0, le=65_535)
    metrics_port: int = Field(default=7401, ge=0, le=65_535)
    workers: int = Field(default=0, ge=0, le=256)
    """0: one per core."""
    pin_workers: bool = False
    """Each worker keeps to a core of its own: cheaper where the machine is the gateway's, slower where it is not."""
    default_deadline_ms: int = Field(default=1_000, ge=1)
    batch_deadline_ms: int = Field(default=2_000, ge=1)
    drain_s: float = Field(default=5.0, ge=0)
    max_connection_age_s: float = Field(default=300.0, gt=0)
    last_known_users: int = Field(default=100_000, ge=0)
    """How many users' last live assignments a worker remembers; a new one reads them from the prediction log."""
    admission: bool = True
    """Whether calls are refused that would be begun in vain. False: every call is begun, and overload is a collapse."""
    max_pending_calls: int = Field(default=64, ge=0)
    """Calls per worker that may wait for Python; gRPC's core ends more with CANCELLED. 0: its own bound (1,000)."""
    max_concurrent_streams: int = Field(default=256, ge=1)
    """Calls and streams of one connection; a client keeps more to itself until others end."""
    least_in_flight: int = Field(default=8, ge=1)
    """The adaptive limit of calls under way together never falls below this."""
    most_in_flight: int = Field(default=256, ge=1)
    """It begins here, and never rises above."""
    batch_share: float = Field(default=0.5, gt=0, le=1)
    """What batches may take of that limit and, while callers queue, of a worker's time."""
    calm_wait_ms: float = Field(default=20.0, ge=0)
    """Callers who wait less than this for a worker do not queue."""


class BentoSettings(Section):
    """The Bento server of the remote segmenters."""

    host: str = "127.0.0.1"
    http_port: int = Field(default=7410, ge=0, le=65_535)
    grpc_port: int = Field(default=7411, ge=0, le=65_535)
    workers: int = Field(default=1, ge=1, le=64)


class MonitorSettings(Section):
    """Reports and their page."""

    host: str = "127.0.0.1"
    port: int = Field(default=7420, ge=0, le=65_535)
    psi_threshold: float = Field(default=0.2, gt=0)
    missing_threshold: float = Field(default=0.1, gt=0, le=1)
    """A feature's share of missing values may differ from its reference's by this much."""
    report_every: str | None = None
    """Make a drift report this often (30m, 1h, 1d) while the page is served; none unless said."""


class PredictionLogSettings(Section):
    """The log of answers given."""

    share: float = Field(default=1.0, ge=0, le=1)
    """The share of users whose assignments are logged, chosen by a hash of the user. Of the others a new worker knows
    nothing that was live before it."""
    queue_rows: int = Field(default=20_000, ge=1)
    rotate_rows: int = Field(default=50_000, ge=1)
    rotate_s: float = Field(default=5.0, gt=0)
    max_bytes: int = Field(default=1_073_741_824, ge=1)
    """Oldest files are removed past this."""


class StreamSettings(Section):
    """Live events: the door, and the worker that folds them."""

    host: str = "127.0.0.1"
    port: int = Field(default=7402, ge=0, le=65_535)
    """Where EventService listens; the gateway forwards to it."""
    metrics_port: int = Field(default=7403, ge=0, le=65_535)
    batch_records: int = Field(default=2_000, ge=1, le=100_000)
    """Records folded, and seen by readers, at once at most."""
    history_flush_s: float = Field(default=10.0, gt=0, le=1_800)
    """Accepted events are in the Parquet history this soon. Far below the hour for which a replay is told exactly."""
    history_flush_records: int = Field(default=50_000, ge=1)
    currency: str = Field(default="", pattern="^([A-Z]{3})?$")
    """The one currency (ISO 4217) amounts may be in; any when empty. Amounts are never converted."""
    default_deadline_ms: int = Field(default=5_000, ge=1)
    """For PublishEvents of callers that give none."""
    drain_s: float = Field(default=5.0, ge=0)
    max_calls: int = Field(default=256, ge=1)
    """Calls and streams served at once; more are told to come again."""
    in_flight_bytes: int = Field(default=67_108_864, ge=1)
    """Requests on their way into the log; more are told to come again, streams wait."""
    recent_ids: int = Field(default=100_000, ge=1)
    """Ids the door remembers at least, to answer a retry without logging it again; up to twice as many."""


class LogSettings(Section):
    """The event log: what the door acknowledges is in it, and the worker reads from it."""

    kind: Literal["embedded", "kafka"] = "embedded"
    """`embedded`: files under the home, written by one process. `kafka`: an Apache Kafka."""
    partitions: int = Field(default=8, ge=1, le=1_024)
    """Fixed when the log is made: a user's partition must never change."""
    retention_bytes: int = Field(default=2 << 30, ge=1)
    """Oldest released records go past this. Of a Kafka topic: past this in all its partitions together."""
    retention_s: float = Field(default=7 * 86_400.0, gt=0)
    """Released records go after this."""
    segment_bytes: int = Field(default=64 << 20, ge=1_024)
    """Embedded: records go by whole files of about this size."""
    queue_records: int = Field(default=50_000, ge=1)
    """Records that may wait to become durable; past this an append is refused with a delay to try again."""
    fsync: bool = True
    """Embedded: acknowledged is on the disk. False: a power cut may take what was acknowledged last; a kill may not."""
    brokers: str = "127.0.0.1:9092"
    """Kafka: host:port, comma separated."""
    topic: str = "strata-events"
    """Kafka: made at the first start when it is not there."""
    group: str = "strata"
    """Kafka: the consumer group of the stream workers."""
    linger_ms: float = Field(default=1.0, ge=0, le=1_000)
    """Kafka: how long the producer may wait for more to send together."""
    client: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Kafka: further settings of its C client, like `security.protocol`."""


class TracingSettings(Section):
    """Traces of calls, by OpenTelemetry. Off unless a collector is named."""

    endpoint: str = Field(default="", pattern=r"^(\S+:\d+)?$")
    """HOST:PORT of a collector that takes OTLP over gRPC, in the clear; none unless said."""
    sample_ratio: float = Field(default=0.01, ge=0, le=1)
    """Of the calls whose callers say nothing (W3C traceparent), the share that is traced."""


class TrackingSettings(Section):
    """Trainings recorded in MLflow besides their packages. Off unless a server is named."""

    uri: str = ""
    """MLflow's tracking server, like http://HOST:PORT; when empty, $MLFLOW_TRACKING_URI where that is set."""
    experiment: str = Field(default="strata", min_length=1)
    """Runs of a segmenter are in the experiment of this name, a slash and the segmenter's."""
    timeout_s: float = Field(default=30.0, gt=0, le=600)
    """What recording may take, retries included; a training that is not recorded by then is stored all the same."""


class DrillSettings(Section):
    """Faults made on purpose, to see what they do. All off unless said."""

    store_delay_ms: float = Field(default=0.0, ge=0, le=60_000)
    """Every read of the online state takes this much longer."""


class SegmenterSettings(Section):
    """One served segmenter."""

    placement: Literal["embedded", "remote"] = "embedded"
    version: str = "latest"
    """An exact version, or `latest` for the one trained last, resolved once at start."""
    track: bool = False
    """Whether a client may watch all its users at once (WatchSegments with all_users)."""


class Settings(Section):
    """Everything a process is told."""

    home: Path = Path(".strata")
    """Everything Strata writes lives under here."""
    repo: Path = Path("feature_repo")
    """The Feast repository."""
    state_url: str = ""
    """Where the online state is: empty for LMDB in the home, or redis://[user:password@]host[:port][/database]."""
    clock: ClockSettings = ClockSettings()
    gateway: GatewaySettings = GatewaySettings()
    bento: BentoSettings = BentoSettings()
    monitor: MonitorSettings = MonitorSettings()
    stream: StreamSettings = StreamSettings()
    log: LogSettings = LogSettings()
    prediction_log: PredictionLogSettings = PredictionLogSettings()
    drills: DrillSettings = DrillSettings()
    tracing: TracingSettings = TracingSettings()
    tracking: TrackingSettings = TrackingSettings()
    segmenters: dict[str, SegmenterSettings] = Field(
        default_factory=lambda: {
            "value_tiers": SegmenterSettings(placement="embedded"),
            "promo_responder": SegmenterSettings(placement="remote"),
        }
    )

    @property
    def history(self) -> Path:
        """Partitioned Parquet: `events/` and `profile/`."""
        return self.home / "history"

    @property
    def log_folder(self) -> Path:
        """The embedded event log."""
        return self.home / "log"

    @property
    def state(self) -> Path:
        """The LMDB environment (a folder)."""
        return self.home / "state"

    @property
    def state_address(self) -> Path | str:
        """What `strata.state.open_state` opens: `state_url`, or the LMDB environment where that is empty."""
        return self.state_url or self.state

    @property
    def registry(self) -> Path:
        """Feast's registry file."""
        return self.home / "registry.db"

    @property
    def packages(self) -> Path:
        """`packages/<segmenter>/<version>/`, and `packages/<segmenter>/LATEST`, a file naming a version."""
        return self.home / "packages"

    @property
    def trainings(self) -> Path:
        """Every training's end and every version a person accepted, a line each."""
        return self.home / "trainings.jsonl"

    @property
    def releases(self) -> Path:
        """The release log: which version of each segmenter is served, and every change of that."""
        return self.home / "releases.jsonl"

    @property
    def bento_addresses(self) -> Path:
        """Where each version of a remote segmenter is served (`strata.release.addresses`)."""
        return self.run / "bentos"

    @property
    def predictions(self) -> Path:
        """The prediction log's Parquet files."""
        return self.home / "predictions"

    @property
    def reports(self) -> Path:
        """Drift reports (HTML and JSON) and the Evidently workspace."""
        return self.home / "reports"

    @property
    def bentoml_home(self) -> Path:
        """BentoML's model and Bento store."""
        return self.home / "bentoml"

    @property
    def parity_metrics(self) -> Path:
        """What the running parity sample found, as Prometheus text."""
        return self.run / "parity.prom"

    @property
    def run(self) -> Path:
        """Locks, process ids and logs of a running platform."""
        return self.home / "run"

    def make_clock(self) -> Clock:
        """The platform's clock."""
        return make_clock(self.clock.mode, self.clock.origin_us, self.clock.speed)


def load_settings(path: Path | None = None, environ: dict[str, str] | None = None) -> Settings:
    """Read settings from a file and the environment.

    `path` defaults to $STRATA_SETTINGS, then `strata.yaml` in the working folder, then none. Raises
    SettingsInvalid with one sentence per fault.
    """
    environ = dict(os.environ) if environ is None else environ
    source = _find_file(path, environ)
    values = _read_file(source) if source else {}
    _overlay(values, environ)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsInvalid(_explain(error, source)) from None
    base = (source.parent if source else Path.cwd()).resolve()
    resolved = settings.model_copy(update={"home": base / settings.home, "repo": base / settings.repo})
    resolved.make_clock()
    _check_state_url(resolved.state_url)
    return resolved


def _check_state_url(url: str) -> None:
    if url:
        from strata.state.redis_address import parse_address  # asked for by few, and LMDB comes with it

        parse_address(url)


def _find_file(path: Path | None, environ: dict[str, str]) -> Path | None:
    named = path or (Path(environ["STRATA_SETTINGS"]) if environ.get("STRATA_SETTINGS") else None)
    if named is not None:
        if not named.is_file():
            raise SettingsInvalid(f"there is no settings file {named}")
        return named
    default = Path("strata.yaml")
    return default if default.is_file() else None


def _read_file(source: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{source} is not YAML: {error}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SettingsInvalid(f"{source} should hold keys and values, like 'gateway: {{port: 7400}}'")
    return values


def _overlay(values: dict[str, Any], environ: dict[str, str]) -> None:
    for key in sorted(environ):
        if not key.startswith(PREFIX) or key in OTHER_KEYS:
            continue
        target = values
        *groups, leaf = key.removeprefix(PREFIX).lower().split("__")
        for group in groups:
            if not isinstance(target.setdefault(group, {}), dict):
                raise SettingsInvalid(f"{key}: {group} is not a group of settings")
            target = target[group]
        target[leaf] = environ[key]


def _explain(error: ValidationError, source: Path | None) -> str:
    lines = []
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"]) or "settings"
        what = "is not a setting" if fault["type"] == "extra_forbidden" else f"is wrong: {fault['msg'].lower()}"
        lines.append(f"{where} {what}")
    origin = f"{source} and STRATA_* variables" if source else "STRATA_* variables"
    return f"settings from {origin}: " + "; ".join(lines)
