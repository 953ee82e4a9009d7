"""The feature repository of the glued stack; `definitions` reads the schema when imported."""
