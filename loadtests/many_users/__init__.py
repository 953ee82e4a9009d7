"""`strata bench users`: what a read costs as the store grows from a thousand users to ten million."""
