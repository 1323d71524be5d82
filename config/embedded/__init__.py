"""Everything on one machine: PostgreSQL, Valkey, Janus, coturn, both sites and the workers (DESIGN section 12)."""
