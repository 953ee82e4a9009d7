"""Strata: user segments as live, versioned objects."""
