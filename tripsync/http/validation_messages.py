"""msgspec's reasons are put into words that a person reads after "The field 'x' ...".

None of msgspec's words reach a client. A reason that is not in the list, as a later version may
have, becomes the plainest of sentences; a test looks for such reasons in msgspec itself.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta

LONGEST_ECHO = 40
PLACED = re.compile(r"(.*?)(?: - at (`key` in )?`\$([^`]*)`)?", re.DOTALL)
STEPS = re.compile(r"\.([^.\[]+)|\[")

UNCLEAR = "is not what is expected here"
OTHER_FORM = "is not in the expected form"
MOMENT = "a date and time with a zone, such as 2026-11-27T08:30:00+05:30"
DURATION = "a duration, such as PT30M"
KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "datetime": MOMENT,
    "date": "a date, such as 2026-11-27",
    "time": "a time of day, such as 08:30:00",
    "duration": DURATION,
    "uuid": "a UUID",
    "bytes": "Base64",
    "null": "null",
}
COMPARED = {
    ">=": "at least",
    "<=": "at most",
    ">": "more than",
    "<": "less than",
    "that's a multiple of": "a multiple of",
}

Words = Callable[[re.Match[str], Any], str]


def sentence(reason: msgspec.ValidationError, kind: Any) -> str:
    """Why a value is refused that was to be of this kind."""
    found = PLACED.fullmatch(str(reason))
    assert found, "the pattern takes any text"
    said, of_key, place = found.groups()
    words = said if is_ours(reason) else in_our_words(said, kind_at(kind, place or ""))
    # Entries of an object are all at "[...]".
    shown = (place or "").replace("[...]", "").lstrip(".")
    return words + (f" (at {shown})" if shown else "") + (" (in a key)" if of_key else "")


def is_ours(reason: msgspec.ValidationError) -> bool:
    """Whether a type that reads itself said it."""
    return isinstance(reason.__cause__, ValueError)


def in_our_words(said: str, kind: Any) -> str:
    for pattern, words in REASONS:
        if found := pattern.fullmatch(said):
            return found.expand(words) if isinstance(words, str) else words(found, kind)
    return UNCLEAR


def kind_words(found: re.Match[str], _: Any) -> str:
    names = [each for each in found[1].split(" | ") if each != "null"] or ["null"]
    if all(each in KINDS for each in names):
        return f"must be {' or '.join(KINDS[each] for each in names)}"
    return UNCLEAR


def bound_words(found: re.Match[str], _: Any) -> str:
    return f"must be {COMPARED[found[1]]} {found[2]}"


def pattern_words(_: re.Match[str], kind: Any) -> str:
    """What the type's author says of its pattern."""
    for note in options(kind):
        if isinstance(note, Meta) and note.extra and "says" in note.extra:
            return str(note.extra["says"])
    return OTHER_FORM


def choice_words(found: re.Match[str], kind: Any) -> str:
    names = [
        str(name)
        for each in options(kind)
        if get_origin(each) is Literal
        for name in get_args(each)
    ]
    only = f", only {' or '.join(names)}" if names else ""
    return f"cannot be {clipped(found[1])}{only}"


def unknown_words(found: re.Match[str], _: Any) -> str:
    return f"has no field {clipped(found[1])!r}"


def clipped(text: str) -> str:
    """What a client sent is not sent back at length."""
    return text if len(text) <= LONGEST_ECHO else f"{text[:LONGEST_ECHO]}..."


REASONS: list[tuple[re.Pattern[str], str | Words]] = [
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"Expected `([^`]+)`(?:, got `[^`]+`)?", kind_words),
        (r"Expected `(?:int|float)` (>=|<=|>|<|that's a multiple of) (\S+)", bound_words),
        (r"Expected `str` of length >= (\d+)", r"must have at least \1 characters"),
        (r"Expected `str` of length <= (\d+)", r"must have at most \1 characters"),
        (r"Expected `str` matching regex .*", pattern_words),
        (r"Expected `bytes` of length >= (\d+)", r"must have at least \1 bytes"),
        (r"Expected `bytes` of length <= (\d+)", r"must have at most \1 bytes"),
        (
            r"Expected `(?:array|object)` of (?:at least length|length >=) (\d+)(?:, got \d+)?",
            r"must have at least \1 entries",
        ),
        (
            r"Expected `(?:array|object)` of (?:at most length|length <=) (\d+)(?:, got \d+)?",
            r"must have at most \1 entries",
        ),
        (r"Expected `array` of length (\d+)(?:, got \d+)?", r"must have \1 entries"),
        (r"Expected `array` of length (\d+) to (\d+)(?:, got \d+)?", r"must have \1 to \2 entries"),
        (
            r"Expected `\w+` with a timezone component",
            "must have a time zone, like Z or +05:30",
        ),
        (r"Expected `\w+` with no timezone component", "must be without a time zone"),
        (r"Invalid RFC3339 encoded datetime|Invalid epoch timestamp", f"must be {MOMENT}"),
        (r"Invalid RFC3339 encoded date", f"must be {KINDS['date']}"),
        (r"Invalid RFC3339 encoded time", f"must be {KINDS['time']}"),
        (r"Invalid ISO8601 duration|Only units .*", f"must be {DURATION}"),
        (r"Invalid UUID(?: bytes)?", f"must be {KINDS['uuid']}"),
        (r"Invalid base64 encoded string", f"must be {KINDS['bytes']}"),
        (r"Invalid decimal string", f"must be {KINDS['decimal']}"),
        (r"(?:Number|Integer value) out of range", "is too large or too small a number"),
        (r"(?:Duration|Timestamp) is out of range ?", "is too far away"),
        (r"Invalid (?:enum )?value (.+)", choice_words),
        (r"Object contains unknown field `(.*)`", unknown_words),
        (r"Object missing required field `(.+)`", r"lacks the field '\1'"),
    )
]


def kind_at(kind: Any, place: str) -> Any:
    """The type of a field or an entry inside, to which `place` leads."""
    for step in STEPS.finditer(place):
        kind = field_of(kind, step[1]) if step[1] else entry_of(kind)
    return kind


def field_of(kind: Any, name: str) -> Any:
    known = (fields_of(each) for each in options(kind) if is_struct(each))
    return next((fields[name].type for fields in known if name in fields), None)


def entry_of(kind: Any) -> Any:
    """What a list holds, or an object under its keys."""
    for each in options(kind):
        if get_origin(each) is dict:
            return get_args(each)[1]
        if get_origin(each) in (list, set, tuple):
            return get_args(each)[0]
    return None


@cache
def fields_of(schema: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {each.encode_name: each for each in msgspec.structs.fields(schema)}


def options(kind: Any) -> Iterator[Any]:
    """A type, and whatever it is put together from by `|` and `Annotated`."""
    yield kind
    if get_origin(kind) in (Annotated, Union, UnionType):
        for part in get_args(kind):
            yield from options(part)


def is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
