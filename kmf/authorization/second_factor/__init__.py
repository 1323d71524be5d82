"""Second factors and passkeys of an account: enrolled, used and removed by the person, on allauth's ground (ADR 0040)."""
