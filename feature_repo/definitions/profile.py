"""Facts about a user, as learned."""

from feature_repo.declare import Fact, row_view
from feature_repo.definitions.entities import user
from feature_repo.definitions.sources import profile_push

AGE = ("19-24", "25-34", "35-44", "45-54", "55-64", "65+")
INCOME = (
    "Under 15K", "15-24K", "25-34K", "35-49K", "50-74K", "75-99K",
    "100-124K", "125-149K", "150-174K", "175-199K", "200-249K", "250K+",
)  # fmt: skip

profile = row_view(
    "profile",
    entity=user,
    source=profile_push,
    facts=[
        Fact("age_band", categories=AGE, description="Age of the head of household, in years"),
        Fact("income_band", categories=INCOME, description="Household income, in dollars a year"),
        Fact("household_size", categories=("1", "2", "3", "4", "5+"), description="People in the household"),
        Fact("kids", categories=("0", "1", "2", "3+"), description="Children in the household"),
    ],
    description="Who the household is; known for some",
)
