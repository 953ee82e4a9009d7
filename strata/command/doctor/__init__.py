"""`strata doctor`: is this machine, this installation and this home fit to serve."""
