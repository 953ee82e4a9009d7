"""A gateway whose parts are broken one after the other, and what its callers see."""
