"""Feast's rows to the kernel's, and the kernel's values back to Feast's."""
