"""One feature service per segmenter: the named, ordered features it reads."""

from feast import FeatureService

from feature_repo.definitions.behaviour import behaviour
from feature_repo.definitions.profile import profile
from feature_repo.definitions.rfm import rfm
from feature_repo.definitions.temporal import temporal

value_tiers = FeatureService(name="value_tiers", features=[rfm], description="How valuable a user is")
promo_responder = FeatureService(
    name="promo_responder",
    features=[rfm, behaviour, temporal, profile],
    description="Whether a user redeems a coupon soon",
)
