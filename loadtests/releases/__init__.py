"""Releases changed on a running gateway under load, seen as its callers see them."""
