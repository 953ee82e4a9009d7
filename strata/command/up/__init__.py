"""`strata up`: prepare what is missing, start the servers, keep them alive, end them all."""
