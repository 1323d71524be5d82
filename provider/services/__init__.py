"""What the provider decides and writes."""
