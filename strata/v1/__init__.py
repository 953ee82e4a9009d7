"""Generated from protos/strata/v1; never edited."""
