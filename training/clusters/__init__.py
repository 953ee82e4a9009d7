"""From prepared rows to named segments: how many clusters, what they are called, and how good they are."""
