"""The ports met: stores, segmenters, logs."""
