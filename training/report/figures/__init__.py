"""What the page draws: each file one kind of picture, from plain figures of `evaluation.details`."""
