"""The log in files of a folder, for one process that writes and any number that read."""
