"""`strata top`: what a running platform does now, read from its metrics pages."""
