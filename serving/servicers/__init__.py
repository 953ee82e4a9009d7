"""The contract spoken: thin servicers, with a converter each way."""
