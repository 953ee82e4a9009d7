"""Releases in a gateway: loaded beside what is served, warmed up, switched to, and reported."""
