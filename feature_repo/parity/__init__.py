"""Online equals offline equals oracle: sampled (user, t) pairs, computed three ways, compared bit for bit."""
