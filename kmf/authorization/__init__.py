"""Authorization Module: accounts, sign-in, OAuth server ([PERC] 4.5, 4.6)."""
