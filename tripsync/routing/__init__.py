"""Roads are asked of a routing server, or estimated where there is none."""
