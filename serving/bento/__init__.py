"""The Bento service: one package behind BentoML's HTTP API and our own gRPC contract."""
