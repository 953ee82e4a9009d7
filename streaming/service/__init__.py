"""The door for live events: each judged against the platform's clock, acknowledged once it is durable in the log.

The way of one call: `servicer` (bytes in, bytes out, around it `calls`) > `intake` (room, append, remember) >
`batches` (a verdict per event) > `judge` (one event, and `texts`, `money`, `attributes`, `profiles` for its parts).
"""
