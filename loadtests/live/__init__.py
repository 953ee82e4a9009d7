"""Proofs and figures of the live path, taken from outside: through the published contract and the home's files."""
