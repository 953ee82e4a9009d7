"""`strata explain-latency`: where the time of one user's calls goes, the slowest beside the median."""
