"""The online state: bytes in, bytes out, behind one small port."""
