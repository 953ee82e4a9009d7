"""The stack a user would glue together today, done as a competent user would.

A `grpc.aio` gateway (uvloop, gc.freeze after start) asks Feast's SDK (async read, registry cached for ever) for
all features in one call to stock Redis, posts them as one JSON matrix to one BentoML service (one `async def`
endpoint that scores both models, over one kept aiohttp session), and answers the same SegmentationService with
the same segments.

What it does not do: windows move with the clock (it serves the values it was loaded with), deadlines, request
ids, validation, metrics of its own, last known answers, a prediction log. All of those are work it is spared.
"""
