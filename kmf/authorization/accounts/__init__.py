"""The organisation's accounts: made, given roles, switched off and on, and how their people get their first password."""
