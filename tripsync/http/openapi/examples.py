"""Examples are put together from those of fields."""

from collections.abc import Mapping
from typing import Any

# Nobody has said what it may be. Where it may be left out, it is.
UNKNOWN = "..."


def example(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    """A value that fits the schema, put together from the examples of its fields."""
    match schema:
        case {"examples": [first, *_]}:
            return first
        case {"$ref": str(reference)}:
            return example(components[reference.rpartition("/")[2]], components)
        case {"enum": [first, *_]} | {"const": first}:
            return first
        case {"anyOf": [*options]}:
            return example(next(each for each in options if each.get("type") != "null"), components)
        case {"properties": dict(fields)}:
            values = {name: example(each, components) for name, each in fields.items()}
            needed = schema.get("required", ())
            return {
                name: each for name, each in values.items() if name in needed or each is not UNKNOWN
            }
        case {"type": "array", "items": dict(items)}:
            return [example(items, components)]
        case {"format": "date-time"}:
            return "2026-11-20T08:30:00Z"
        case {"type": "integer" | "number"}:
            return 1
        case {"type": "boolean"}:
            return True
        case {"type": "object"}:
            return {}
        case _:
            return UNKNOWN
