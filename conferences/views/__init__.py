"""Pages of the core application: they translate between HTTP and services, and decide nothing."""
