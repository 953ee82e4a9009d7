"""`strata bench peers`: the gateway in each placement and on each state beside other servers, like with like."""
