"""What a version has to be to be accepted, and what was decided about each one that was trained."""
