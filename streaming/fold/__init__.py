"""The stream worker: from the log to the online state, the history and the change notices."""
