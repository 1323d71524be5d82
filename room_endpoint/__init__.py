"""A small endpoint without media, for room systems, recorders and whoever builds one: it gets tokens and keys by the public API.

It imports what both trust domains share, the verifier of roster statements, and nothing of the servers.
"""
