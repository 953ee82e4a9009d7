"""`strata bench models`: what scoring costs in one process, beside LightGBM's own ways of doing it."""
