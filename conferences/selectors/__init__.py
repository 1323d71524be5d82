"""Reading the Conference Session Database and the audit. Nothing here writes or refuses."""
