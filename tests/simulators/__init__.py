"""Stand-ins for what cannot be had in a unit test: an endpoint without a browser."""
