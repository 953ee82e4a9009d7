"""What a user buys, and how: baskets, breadth, discounts, coupons, and the share of spending by department."""

from feature_repo.declare import windowed
from feature_repo.definitions.entities import user
from feature_repo.definitions.sources import events_push
from strata.features.builder import category, count, days, discount, distinct, event_type, recency, share, total

purchase = event_type.eq("purchase")
redemption = event_type.eq("coupon_redemption")

DEPARTMENTS = {
    "grocery": ("GROCERY",),
    "drug_gm": ("DRUG GM",),
    "produce": ("PRODUCE",),
    "meat": ("MEAT", "MEAT-PCKGD"),
    "deli": ("DELI",),
    "pastry": ("PASTRY",),
    "nutrition": ("NUTRITION",),
    "cosmetics": ("COSMETICS",),
    "seafood": ("SEAFOOD", "SEAFOOD-PCKGD"),
    "fuel": ("FUEL",),
}

behaviour = windowed(
    "behaviour",
    entity=user,
    source=events_push,
    features=[
        distinct("baskets_60d", of="session_id", window=days(60), where=purchase),
        distinct("baskets_180d", of="session_id", window=days(180), where=purchase),
        total("items_60d", of="quantity", window=days(60), where=purchase),
        distinct("departments_60d", of="category", window=days(60), where=purchase),
        distinct("products_60d", of="item_id", window=days(60), where=purchase),
        share("discount_share_60d", window=days(60), where=discount.gt(0), base=purchase),
        total("discounts_60d", of="discount", window=days(60), where=purchase),
        count("coupons_60d", window=days(60), where=redemption),
        count("coupons_365d", window=days(365), where=redemption),
        recency("coupon_recency_365d", window=days(365), where=redemption),
        *(
            share(f"{name}_share_180d", of="value", window=days(180), where=category.isin(*names), base=purchase)
            for name, names in DEPARTMENTS.items()
        ),
    ],
    description="What a user buys and how",
)
