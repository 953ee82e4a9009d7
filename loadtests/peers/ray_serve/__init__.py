"""Ray Serve on the same model: one replica behind its gRPC proxy, which answers our own `SegmenterService.Score`."""
