"""Key Management Function: authorizes, releases, replaces and ends keys ([PERC] 3.2)."""
