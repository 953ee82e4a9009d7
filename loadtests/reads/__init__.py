"""Processes that read features of users, as fast as they can, when they are told to: ours and stock Feast's."""
