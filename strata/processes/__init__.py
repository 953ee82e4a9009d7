"""What a process needs that keeps others alive: children that end with it, their logs, and what a killed run left."""
