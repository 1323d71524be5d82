"""Settings by subject; ``trusted`` and ``provider`` are the two sites."""
