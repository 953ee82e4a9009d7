"""Writing the history so that a kill at any point loses nothing and doubles nothing."""
