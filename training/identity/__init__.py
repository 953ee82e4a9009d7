"""What a new version's segments are to the old ones, on the same users: matched, named, and who moves and why."""
