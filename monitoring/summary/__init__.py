"""Our own page of a report: what drifted, by how much, what to do. HTML without scripts or outside resources."""
