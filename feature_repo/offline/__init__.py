"""Point-in-time features from the history, in DuckDB. No Feast in here: the plug-in translates."""
