"""`strata bench offered`: latency and goodput at a tenth of the capacity up to three times it, open loop."""
