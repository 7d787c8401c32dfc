"""A request becomes a call: problems, validation, identity, limits, API documents."""
