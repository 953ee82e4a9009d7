"""Numbers of all workers on one page: each worker counts in a small shared file, the supervisor adds them up."""
