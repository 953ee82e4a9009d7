"""What a gateway decides, with no transport and no vendor: numpy and the standard library."""
