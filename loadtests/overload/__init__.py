"""`strata bench overload`: more calls than a gateway can answer, each with a deadline, and what becomes of them."""
