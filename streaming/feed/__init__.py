"""Rows of files as live events: read as an import reads them, published through the door."""
