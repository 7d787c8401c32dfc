"""Whatever msgspec has against an input, a person hears it in our words."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta

from tripsync.http.problems import Problem
from tripsync.http.schemas import Schema, converter, decoder, says
from tripsync.http.validation_messages import UNCLEAR, in_our_words, sentence

# What msgspec writes into its reasons.
ITS_WORDS = re.compile(
    r"`|\$|Expected|Invalid|Object |RFC3339|ISO8601|encoded|, got|regex|out of range"
)


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    SMALL = 1


class Box(msgspec.Struct, tag="box"):
    side: int


class Ball(msgspec.Struct, tag="ball"):
    radius: int


class Part(Schema):
    name: Annotated[str, Meta(pattern="^[a-z]+$", extra=says("must be small letters"))]
    kind: Literal["nut", "bolt"] = "nut"


class Even:
    @classmethod
    def read(cls, raw: str) -> int:
        raise ValueError("must be an even number")

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        return {}


Zoned = Annotated[datetime, Meta(tz=True)]
Letter = Annotated[str, Meta(max_length=1)]

KINDS: list[Any] = [
    str,
    int,
    float,
    bool,
    None,
    Decimal,
    bytes,
    UUID,
    date,
    time,
    timedelta,
    datetime,
    Zoned,
    Annotated[datetime, Meta(tz=False)],
    Annotated[time, Meta(tz=True)],
    Annotated[str, Meta(min_length=3)],
    Letter,
    Annotated[str, Meta(pattern="^a$")],
    Annotated[bytes, Meta(min_length=3)],
    Annotated[bytes, Meta(max_length=1)],
    Annotated[int, Meta(ge=7)],
    Annotated[int, Meta(lt=0)],
    Annotated[int, Meta(multiple_of=7)],
    Annotated[float, Meta(gt=7.5, lt=8)],
    Annotated[float, Meta(multiple_of=7)],
    Annotated[list[int], Meta(min_length=2)],
    Annotated[list[int], Meta(max_length=0)],
    Annotated[dict[str, int], Meta(min_length=2)],
    Annotated[dict[str, int], Meta(max_length=0)],
    dict[Letter, int],
    tuple[int, str],
    tuple[int, ...],
    set[str],
    Colour,
    Size,
    Literal[1, "a"],
    Box | Ball,
    Part,
    list[Part],
    dict[str, list[Part]],
    Even,
    str | int | None,
    date | None,
    list[str] | dict[str, int] | None,
]
GIVEN: list[Any] = [
    None,
    True,
    0,
    -1,
    7,
    2**70,
    1.5,
    1e30,
    float("inf"),
    "",
    "a",
    "abcd",
    "2026-11-27",
    "08:30",
    "2026-11-27T08:30:00",
    "2026-11-27T08:30:00Z",
    "PT1Y",
    "P1M",
    "x` - at `$.y",
    "a\nb" * 100,
    [],
    [1],
    [1, "a", None],
    ["a"],
    [{"name": "A"}],
    [{"name": "a", "kind": "screw"}],
    [{"name": "a", "colour": 1}],
    {},
    {"a": "b"},
    {"aa": 1},
    {"type": "cone"},
    {"type": 5},
    {"type": "box"},
    {"a": [{"name": "a", "kind": "screw"}]},
    {"name": "a", "x\n` - at `$.y" * 50: 1},
]


def parcel_of(kind: Any) -> type[Schema]:
    return msgspec.defstruct("Parcel", [("it", kind)], bases=(Schema,), kw_only=True)


def refusals(kind: Any) -> Iterator[tuple[Any, Problem]]:
    """Everything that a field of this kind has against what is given, as JSON or in a form."""
    schema = parcel_of(kind)
    for given in GIVEN:
        for read, raw in (
            (decoder(schema), msgspec.json.encode({"it": given})),
            (converter(schema), {"it": given}),
        ):
            try:
                read(raw)
            except Problem as problem:
                yield given, problem


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_no_input_brings_up_its_words(kind: Any) -> None:
    found = list(refusals(kind))
    assert found
    for given, problem in found:
        assert [each.field for each in problem.errors] == ["it"], given
        told = problem.detail
        assert told.startswith("The field 'it' "), told
        assert UNCLEAR not in told, (given, told)
        # What was given may be repeated, if not at length.
        ours = re.sub(r"(cannot be|has no field) .*", "", told, flags=re.DOTALL)
        assert not ITS_WORDS.search(ours), told
        assert len(told) < 250, told


def formats() -> set[str]:
    """Every reason that is written in msgspec's own machine code, but for those of MessagePack."""
    [machine_code] = Path(msgspec.__file__).parent.glob("_core*.so")
    # After each of them comes the place; that one begins with " - at".
    reasons = re.findall(rb"[!-~][ -~]{3,}(?=%U\0)", machine_code.read_bytes())
    return {each.decode() for each in reasons if b"MessagePack" not in each} - {"- at "}


def filled(form: str) -> Iterator[str]:
    """As msgspec would fill it in."""
    compared = (">=", "<=", ">", "<", "that's a multiple of") if "float` %s" in form else ("str",)
    for word in compared:
        reason = form.replace("`%s`", "`str`").replace("`%U`", "`str | null`")
        reason = reason.replace("%s", word).replace("'%U'", "'red'")
        yield re.sub(r"%(zd|lld|llu|R)", "7", reason)


def test_every_reason_that_it_has_is_known() -> None:
    known = formats()
    assert len(known) > 40
    for form in known:
        for reason in filled(form):
            assert in_our_words(reason, None) != UNCLEAR, (
                f"say it in http/validation_messages.py: {form}"
            )


def test_a_reason_that_it_may_have_one_day_is_not_passed_on() -> None:
    assert sentence(msgspec.ValidationError("Expected `moon`, got `cheese`"), str) == UNCLEAR
    assert (
        sentence(msgspec.ValidationError("Moon is malformed - at `$.a`"), str)
        == f"{UNCLEAR} (at a)"
    )


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        (
            datetime,
            "soon",
            "must be a date and time with a zone, such as 2026-11-27T08:30:00+05:30",
        ),
        (
            Zoned,
            "2026-11-27T08:30:00",
            "must have a time zone, like Z or +05:30",
        ),
        (date, "27.11.2026", "must be a date, such as 2026-11-27"),
        (str | int | None, [], "must be a whole number or text"),
        (Annotated[list[int], Meta(min_length=2)], [1], "must have at least 2 entries"),
        (Annotated[float, Meta(lt=8)], 9, "must be less than 8.0"),
        (list[Part], [{"name": "A"}], "must be small letters (at [0].name)"),
        (list[Part], [{"name": "a", "kind": "x"}], "cannot be 'x', only nut or bolt (at [0].kind)"),
        (dict[str, Part], {"b": {}}, "lacks the field 'name'"),
        (
            dict[Letter, int],
            {"aa": 1},
            "must have at most 1 characters (in a key)",
        ),
        (Even, "3", "must be an even number"),
        (Literal["a"], "b" * 50, f"cannot be '{'b' * 39}..., only a"),
    ],
)
def test_what_is_wrong_is_said_plainly(kind: Any, given: Any, told: str) -> None:
    with pytest.raises(Problem) as refused:
        decoder(parcel_of(kind))(msgspec.json.encode({"it": given}))
    assert refused.value.detail == f"The field 'it' {told}."
