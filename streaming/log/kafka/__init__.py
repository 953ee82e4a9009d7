"""The log on a broker, through its C client."""
