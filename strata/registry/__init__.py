"""Feast's registry file, read into kernel specs without importing Feast. See docs/architecture.md, contract 5."""

from strata.registry.catalog import Catalog, CatalogView, ServiceSpec
from strata.registry.read import read_catalog

__all__ = ["Catalog", "CatalogView", "ServiceSpec", "read_catalog"]
