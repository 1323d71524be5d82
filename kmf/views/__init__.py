"""HTTP of the KMF origin: views translate, services decide."""
