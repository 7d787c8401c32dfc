"""Schemas of bodies are made from the classes that the server reads them into and writes them from.

What a client sends may leave out what has a default; what a client gets always has it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

import msgspec
from msgspec import UNSET, inspect

from tripsync.http.endpoint import Binary, Contract
from tripsync.http.openapi.names import EXAMPLES, NAMES
from tripsync.http.problems import ProblemDocument
from tripsync.http.schemas import ReadsItself

REFERENCE = "#/components/schemas/{name}"
JSON_TYPES = {
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"number"},
    str: {"string"},
    list: {"array"},
    type(None): {"null"},
}

Components = dict[str, dict[str, Any]]


def schemas_of(contracts: Iterable[Contract]) -> Components:
    """The schemas of all that goes in and out, by name."""
    sent: dict[Any, None] = {}
    given: dict[Any, None] = {ProblemDocument: None}
    for contract in contracts:
        sent |= dict.fromkeys(kind for kind in (contract.body, contract.form) if kind)
        if contract.answer is not None and not isinstance(contract.answer, Binary):
            given[entry_of(contract.answer)] = None
    return {**given_components(given), **sent_components(sent)}


def sent_components(kinds: Collection[Any]) -> Components:
    """Of what clients send. Defaults are told in words, not by `default`: for it, generators of
    TypeScript ask for a field that may be left out."""
    components = components_of(kinds)
    for component in components.values():
        for each in component.get("properties", {}).values():
            tell_default(each)
    return components


def tell_default(schema: dict[str, Any]) -> None:
    if "default" in schema:
        default = schema.pop("default")
        if default not in (None, "", []):
            said = msgspec.json.encode(default).decode()
            told = f"{schema['description']}; " if "description" in schema else ""
            schema["description"] = f"{told}left out: {said}"


def given_components(kinds: Collection[Any]) -> Components:
    """Of what clients get, where a field with a default is never missing."""
    components = components_of(kinds)
    structs = {kind.__name__: kind for kind in structs_in(inspect.multi_type_info(kinds))}
    for name, component in components.items():
        fields = msgspec.structs.fields(structs[name])
        component["required"] = [
            field.encode_name for field in fields if field.default is not UNSET
        ]
        for each in component["properties"].values():
            each.pop("default", None)
    return components


def structs_in(kinds: Iterable[inspect.Type]) -> Iterator[type[msgspec.Struct]]:
    """All classes that these are made of; a class comes more than once."""
    for kind in kinds:
        match kind:
            case inspect.StructType(cls=cls, fields=fields):
                yield cls
                yield from structs_in(field.type for field in fields)
            case inspect.UnionType(types=kinds_within):
                yield from structs_in(kinds_within)
            case inspect.CollectionType(item_type=within) | inspect.Metadata(type=within):
                yield from structs_in([within])
            case _:
                pass


def components_of(kinds: Collection[Any]) -> Components:
    """The schemas of these kinds, and of what they hold, by name."""
    _, components = msgspec.json.schema_components(
        kinds, schema_hook=custom_schema, ref_template=REFERENCE
    )
    for name, component in components.items():
        if not name.isidentifier():
            # Clients make types of these names.
            raise TypeError(f"{name} shares its name with another schema; rename one")
        make_plain(component)
        for field, schema in component.get("properties", {}).items():
            tell_what_it_is(field, schema)
    return dict(components)


def tell_what_it_is(field: str, schema: dict[str, Any]) -> None:
    """What a field says of itself counts most, then what its name means."""
    told = [each["description"] for each in schema.get("anyOf", ()) if "description" in each]
    if "description" not in schema and (told or field in NAMES):
        schema["description"] = told[0] if told else NAMES[field]
    # A null is shown on purpose: it goes with what stands beside it.
    shows_null = schema.get("examples") == [None]
    if field in EXAMPLES and not shows_null and may_be(schema, EXAMPLES[field]):
        schema["examples"] = [EXAMPLES[field]]


def may_be(schema: Mapping[str, Any], value: object) -> bool:
    """Whether the value is of a type of the schema; a name may be that of two things."""
    types = {each.get("type") for each in (schema, *schema.get("anyOf", ()))}
    return not types.isdisjoint(JSON_TYPES[type(value)])


def entry_of(kind: Any) -> Any:
    """What a bare array holds; anything else is what it is."""
    return get_args(kind)[0] if get_origin(kind) is list else kind


def schema_of(kind: Any) -> dict[str, Any]:
    """A reference to the schema, or an array of it."""
    reference = {"$ref": REFERENCE.format(name=entry_of(kind).__name__)}
    return reference if entry_of(kind) is kind else {"type": "array", "items": reference}


def custom_schema(kind: type[ReadsItself]) -> dict[str, Any]:
    return kind.json_schema()


def make_plain(schema: Any) -> None:
    """Leave out `says`, which is for our own messages; and tell of pairs as of lists of two and of
    choices as of strings, as generators understand them."""
    match schema:
        case dict():
            schema.pop("says", None)
            if "enum" in schema and all(isinstance(each, str) for each in schema["enum"]):
                schema["type"] = "string"
            if schema.get("items") is False:
                schema["items"], *_ = schema.pop("prefixItems")
            for each in schema.values():
                make_plain(each)
        case list():
            for each in schema:
                make_plain(each)
