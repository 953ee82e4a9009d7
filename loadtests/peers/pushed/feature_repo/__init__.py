"""The feature repository of the pushed stack; `definitions` reads the views' columns when imported."""
