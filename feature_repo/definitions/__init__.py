"""What features exist. One file per view; every Feast object found in these modules is applied."""
