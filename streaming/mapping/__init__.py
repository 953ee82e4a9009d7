"""What the columns of a source mean: the mapping file, read and checked."""
