"""MLServer with its LightGBM runtime, as published; `loadtests/comparison/model_servers.py` writes its two files."""
