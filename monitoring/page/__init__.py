"""The page server: reports, evaluation pages, /healthz and /metrics over the standard library, on loopback only."""
