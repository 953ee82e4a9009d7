"""The kernel: what features are, their state per user, and their values at an instant. numpy only, no I/O."""
