"""How far it is by road: asked of a routing server, or estimated where there is none."""
