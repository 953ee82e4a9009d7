"""Algorithms side by side on real tables and on a million simulated users: quality, time, memory, size, latency."""
