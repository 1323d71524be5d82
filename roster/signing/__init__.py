"""Pure: bodies, signatures and the chain of roster statements."""
