"""Core application and Conference Session Database ([PERC] 3.2)."""
