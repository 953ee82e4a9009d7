"""The whole platform under a steady load for an hour: does it stay as large as it was, and as right."""
