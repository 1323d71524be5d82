"""What the KMF decides: release, epochs, presence, ending."""
