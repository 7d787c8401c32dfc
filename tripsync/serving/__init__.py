"""The application runs in one process, or in several that share a port."""
