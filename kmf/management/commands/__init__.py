"""Management commands of the KMF."""
