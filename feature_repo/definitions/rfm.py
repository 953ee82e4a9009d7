"""Recency, frequency, monetary value and average basket, over a month, a quarter and a year."""

from feature_repo.declare import windowed
from feature_repo.definitions.entities import user
from feature_repo.definitions.sources import events_push
from strata.features.builder import days, distinct, event_type, mean, recency, total

purchase = event_type.eq("purchase")

rfm = windowed(
    "rfm",
    entity=user,
    source=events_push,
    features=[
        feature
        for d in (30, 90, 365)
        for feature in (
            recency(f"recency_{d}d", window=days(d), where=purchase),
            distinct(f"frequency_{d}d", of="session_id", window=days(d), where=purchase),
            total(f"monetary_{d}d", of="value", window=days(d), where=purchase),
            mean(f"average_basket_{d}d", of="value", per="session_id", window=days(d), where=purchase),
        )
    ],
    description="How recently, how often and for how much a user buys",
)
