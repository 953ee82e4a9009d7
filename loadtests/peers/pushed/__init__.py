"""The stock way to keep online features fresh: rows pushed through Feast into Redis, in batches.

Only the writing is measured. The windows have been worked out for it, free of charge: Feast has no place where a
pushed event would change a total, so the values of a row are ready before the clock starts.
"""
