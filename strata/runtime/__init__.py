"""Load and score packages: numpy and LightGBM's C library, no training library, no pickle."""

from strata.runtime.manifest import DataWindow, FeatureInput, Manifest, SegmentEntry, schema_fingerprint
from strata.runtime.match import check_against
from strata.runtime.model import Scores
from strata.runtime.package import Package, load_package
from strata.runtime.store import find_package, list_segmenters, list_versions, write_package

__all__ = [
    "DataWindow",
    "FeatureInput",
    "Manifest",
    "Package",
    "Scores",
    "SegmentEntry",
    "check_against",
    "find_package",
    "list_segmenters",
    "list_versions",
    "load_package",
    "schema_fingerprint",
    "write_package",
]
