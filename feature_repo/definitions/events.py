"""The door for raw events."""

from feature_repo.declare import event_view
from feature_repo.definitions.entities import user
from feature_repo.definitions.sources import events_push

events = event_view(
    "events",
    entity=user,
    source=events_push,
    description="Push raw events here: they change every windowed view at once",
)
