"""Generated from protos/strata/registry; never edited."""
