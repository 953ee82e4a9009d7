"""The door: a batch of source rows becomes events or facts, and rejected rows with a reason."""
