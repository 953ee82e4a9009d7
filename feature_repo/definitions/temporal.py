"""When a user buys, in the user's own local time, and how regularly."""

from feature_repo.declare import windowed
from feature_repo.definitions.entities import user
from feature_repo.definitions.sources import events_push
from strata.features.builder import days, distinct, event_type, hour, share, weekday

purchase = event_type.eq("purchase")

DAYPARTS = {"night": (0, 5), "morning": (6, 11), "afternoon": (12, 17), "evening": (18, 23)}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

temporal = windowed(
    "temporal",
    entity=user,
    source=events_push,
    features=[
        *(
            share(f"{name}_share_180d", window=days(180), where=hour.ge(first) & hour.le(last), base=purchase)
            for name, (first, last) in DAYPARTS.items()
        ),
        *(
            share(f"{name}_share_180d", window=days(180), where=weekday.eq(number), base=purchase)
            for number, name in enumerate(WEEKDAYS)
        ),
        distinct("active_weeks_180d", of="week", window=days(180), where=purchase),
        distinct("active_days_60d", of="day", window=days(60), where=purchase),
    ],
    description="When a user buys, and how regularly",
)
