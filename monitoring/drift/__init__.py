"""What counts as drift: numpy only, no I/O, no Evidently. docs/monitoring.md argues the method."""
