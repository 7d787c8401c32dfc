"""What a client sent is read into the schema that also documents it.

A schema is a msgspec struct. The quick path is one C call; only when that fails is the
input gone through field by field, so that a client hears of every mistake at once.

A type of its own (an email address, a password) is a class with `read(raw)`, which raises
ValueError with a sentence, and `json_schema()`.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Protocol, TypeVar

import msgspec

from tripsync.http.problems import MALFORMED_JSON, FieldError, Problem, invalid
from tripsync.http.validation_messages import clipped, fields_of, sentence

S = TypeVar("S", bound="Schema")

# Of the mistakes in one body so many are told.
MOST_MISTAKES = 20


class Schema(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a client may send: these fields and no other."""


class ReadsItself(Protocol):
    @classmethod
    def read(cls, raw: str) -> Any: ...

    @classmethod
    def json_schema(cls) -> dict[str, Any]: ...


def says(sentence: str) -> dict[str, str]:
    """For `Meta(extra=...)`: what to tell a person whose input does not fit the pattern."""
    return {"says": sentence}


def read_custom(kind: type[ReadsItself], raw: object) -> Any:
    """msgspec's hook for types that read themselves."""
    if not isinstance(raw, str):
        raise ValueError("must be text")
    return kind.read(raw)


def decoder(schema: type[S]) -> Callable[[bytes], S]:
    decode = msgspec.json.Decoder(schema, dec_hook=read_custom).decode

    def read(body: bytes) -> S:
        try:
            # An escaped NUL is valid JSON and is refused by PostgreSQL; a raw one is not JSON.
            if b"\\u0000" in body:
                refuse_nul(decoded(body))
            return decode(body)
        except msgspec.ValidationError:
            raise explained(schema, decoded(body), strict=True) from None

    return read


def decoded(body: bytes) -> object:
    """What a body holds, whatever it should hold."""
    try:
        return msgspec.json.decode(body)
    except msgspec.ValidationError:
        # The only thing that is wrong without a schema is a number beyond all floats.
        raise Problem(MALFORMED_JSON, "A number in the body is too large or too small.") from None


def converter(schema: type[S], *, strict: bool = False) -> Callable[[Mapping[str, Any]], S]:
    """For forms and query strings, where every value is text; strict for what JSON gave."""

    def read(values: Mapping[str, Any]) -> S:
        try:
            refuse_nul(values)
            return msgspec.convert(values, schema, strict=strict, dec_hook=read_custom)
        except msgspec.ValidationError:
            raise explained(schema, values, strict=strict) from None

    return read


def refuse_nul(value: object, field: str = "") -> None:
    match value:
        case str() if "\0" in value:
            shown = clipped(field)
            raise invalid(FieldError(shown, f"{named(shown)} must not hold a NUL character."))
        case Mapping():
            for key, each in value.items():
                refuse_nul(key, field)
                refuse_nul(each, f"{field}.{key}".lstrip("."))
        case list():
            for each in value:
                refuse_nul(each, field)
        case _:
            pass


def explained(schema: type[Schema], given: object, *, strict: bool) -> Exception:
    """What is wrong with what was given, as one problem: all of it, up to a bound, or an answer
    would be as long as the question."""
    if not isinstance(given, Mapping):
        return invalid(FieldError("", "The body must be a JSON object."))
    return invalid(*islice(mistakes(schema, given, strict=strict), MOST_MISTAKES))


def mistakes(
    schema: type[Schema], given: Mapping[str, Any], *, strict: bool
) -> Iterator[FieldError]:
    known = fields_of(schema)
    for name in islice((each for each in given if each not in known), MOST_MISTAKES):
        shown = clipped(name)
        yield FieldError(shown, f"There is no field {shown!r} here.")
    for name, each in known.items():
        if name not in given:
            if each.required:
                yield FieldError(name, f"{named(name)} is missing.")
            continue
        try:
            msgspec.convert(given[name], each.type, strict=strict, dec_hook=read_custom)
        except msgspec.ValidationError as reason:
            yield FieldError(name, f"{named(name)} {sentence(reason, each.type)}.")


def named(field: str) -> str:
    return f"The field {field!r}" if field else "The body"
