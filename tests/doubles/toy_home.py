"""A whole home of Strata, tiny and real: registry, online state and two packages, made in milliseconds.

One row view, `toy`, holds `orders`, `spend` and `coupons` as written. The packages are those of `toy_package`, so a
user (5, 5.0, 1) is `middle` with margin 1 and `possible` with probability 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from toy_package import write_toy_promo, write_toy_tiers

from strata.clock import parse_instant
from strata.features.facts import Value, encode_row
from strata.features.plan import compile_view
from strata.features.spec import view_spec
from strata.registry.v1 import feast_registry_pb2 as pb
from strata.runtime import write_package
from strata.runtime.manifest import parse_manifest
from strata.settings import Settings
from strata.state import open_state

NOW = "2017-11-30T00:01:00Z"
NOW_US = parse_instant(NOW)
AGE_S = 90
"""How far the state lags behind NOW."""
FIELDS = (("orders", "int64", 4), ("spend", "float64", 6), ("coupons", "int64", 4))
USERS: Mapping[str, tuple[Value, Value, Value]] = {
    "ann": (5, 5.0, 1),
    "bob": (10, 10.0, 3),
    "cat": (0, None, None),
}
SPEC = view_spec("toy", "row", [(name, dtype, {}) for name, dtype, _ in FIELDS])


def make_home(home: Path, users: Mapping[str, tuple[Value, ...]] = USERS) -> Settings:
    """Write everything a gateway needs; settings with both segmenters embedded and free ports."""
    settings = Settings.model_validate(
        {
            "home": home,
            "repo": home,
            "clock": {"mode": "system"},
            "gateway": {"port": 0, "metrics_port": 0, "workers": 1, "drain_s": 2.0},
            "segmenters": {"toy_tiers": {}, "toy_promo": {}},
        }
    )
    home.mkdir(parents=True, exist_ok=True)
    write_registry(settings.registry)
    write_state(settings.state, users)
    write_packages(settings.packages, home / "scratch")
    return settings


def write_registry(path: Path, *, tiers_order: tuple[str, str] = ("orders", "spend")) -> None:
    """The registry of view `toy` and the two services; another order does not fit the packages."""
    registry = pb.Registry(version_id="1")
    view = registry.feature_views.add().spec
    view.name = "toy"
    view.tags["strata.kind"] = "row"
    for name, _, value_type in FIELDS:
        view.features.add(name=name, value_type=value_type)
    for service, names in (("toy_tiers", tiers_order), ("toy_promo", ("coupons",))):
        spec = registry.feature_services.add().spec
        spec.name = service
        projection = spec.features.add(feature_view_name="toy")
        for name in names:
            projection.feature_columns.add(name=name)
    path.write_bytes(registry.SerializeToString())


def add_view(registry: Path, view: pb.FeatureView) -> None:
    """One more in a registry that is there; without a windowed one the stream process folds nothing."""
    found = pb.Registry.FromString(registry.read_bytes())
    found.feature_views.append(view)
    registry.write_bytes(found.SerializeToString())


def add_service(registry: Path, name: str, *features: str) -> None:
    """One more, of features of view `toy`; one the view does not have makes it a service that cannot be served."""
    found = pb.Registry.FromString(registry.read_bytes())
    spec = found.feature_services.add().spec
    spec.name = name
    projection = spec.features.add(feature_view_name="toy")
    for feature in features:
        projection.feature_columns.add(name=feature)
    registry.write_bytes(found.SerializeToString())


def write_state(path: Path, users: Mapping[str, tuple[Value, ...]]) -> None:
    """Every user's fact, in one committed generation."""
    plan = compile_view(SPEC)
    event_us = NOW_US - 3_600_000_000
    with open_state(path) as state, state.begin_generation("toy") as generation:
        rows = ((user, encode_row(plan, values, event_us, event_us)) for user, values in sorted(users.items()))
        generation.put(rows)
        generation.commit(NOW_US - AGE_S * 1_000_000)


def write_packages(
    packages: Path, scratch: Path, writers: Sequence[Callable[[Path], Path]] = (write_toy_tiers, write_toy_promo)
) -> None:
    """The toy packages, trained on this registry's view."""
    for write in writers:
        folder = write(scratch)
        manifest = parse_manifest((folder / "manifest.json").read_bytes())
        files = {name: (folder / name).read_bytes() for name in manifest.files}
        write_package(packages, replace(manifest, view_fingerprints={"toy": SPEC.fingerprint}), files)
