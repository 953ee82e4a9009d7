"""Where events and facts lie, and the doors they may be pushed through.

Paths are relative to the platform's home (`offline_store.home` in feature_store.yaml).
"""

from feast import FileSource, PushSource

events_history = FileSource(
    name="events_history",
    path="history/events/month=*/*.parquet",
    timestamp_field="event_time",
    created_timestamp_column="recorded_at",
    description="Every accepted event",
)
events_push = PushSource(name="events_push", batch_source=events_history, description="Raw events, as they happen")

profile_history = FileSource(
    name="profile_history",
    path="history/profile/*.parquet",
    timestamp_field="event_time",
    created_timestamp_column="recorded_at",
    description="Facts learned about users",
)
profile_push = PushSource(name="profile_push", batch_source=profile_history, description="Facts, as they are learned")
