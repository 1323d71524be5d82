"""Looking at what a site depends on, each part by name (DESIGN section 12)."""
