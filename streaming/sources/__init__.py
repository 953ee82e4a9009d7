"""Files from outside as batches of columns; a line that cannot be read is a rejected row, never the end."""
