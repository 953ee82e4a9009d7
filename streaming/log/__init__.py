"""The event log: what is acknowledged is in it, in order per partition, until it has been folded and archived."""
