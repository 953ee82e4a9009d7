"""Which runtime scores a package soonest on this host, and answers as it should."""
