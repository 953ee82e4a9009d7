"""`strata bench tracing`: what traces cost a gateway, off, of every call and of one call in a hundred."""
