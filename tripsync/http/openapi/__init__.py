"""The OpenAPI document is made at start from the contracts of the endpoints."""
