"""How a request becomes a call: problems, validation, who is asking, limits, API docs."""
