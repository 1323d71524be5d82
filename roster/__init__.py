"""Who is in a conference, signed by the KMF ([PERC] 4.7)."""
