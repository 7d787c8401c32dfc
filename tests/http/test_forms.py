"""Forms are read in either of their two ways, and only if they have few fields."""

import pytest

from tests.conftest import Caller
from tests.http.test_problems import assert_problem
from tripsync.http import forms
from tripsync.http.forms import FORM, MOST_FIELDS, read_pairs, read_parts
from tripsync.http.problems import Problem

TOKEN = "/api/auth/token"
# An answer that says what is wrong with a form.
SHORT = 5_000


def part(name: str, value: bytes = b"x") -> bytes:
    return b'--line\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (
        name.encode(),
        value,
    )


def multipart(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--line--\r\n"


def test_both_ways_give_the_same() -> None:
    expected = {"a": ["1", ""], "b": ["\u00e9 &="]}
    assert read_pairs(b"a=1&a=&b=%C3%A9+%26%3D") == expected
    parts = multipart(part("a", b"1"), part("a", b""), part("b", "\u00e9 &=".encode()))
    assert read_parts(parts, "line") == expected


def test_as_many_fields_as_may_be_are_read_and_no_more() -> None:
    assert len(read_pairs(b"&".join([b"a=1"] * MOST_FIELDS))["a"]) == MOST_FIELDS
    assert len(read_parts(multipart(*[part("a")] * MOST_FIELDS), "line")["a"]) == MOST_FIELDS
    with pytest.raises(Problem, match="invalid"):
        read_pairs(b"&".join([b"a=1"] * (MOST_FIELDS + 1)))
    with pytest.raises(Problem, match="invalid"):
        read_parts(multipart(*[part("a")] * (MOST_FIELDS + 1)), "line")


def test_too_many_fields_are_counted_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "parse_qs", None)
    with pytest.raises(Problem):
        read_pairs(b"&" * 980_000)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"a=1&" * 245_000),
        (FORM, b"&" * 980_000),
        ("multipart/form-data; boundary=line", multipart(*[part("a")] * 15_000)),
        ("multipart/form-data; boundary=line", multipart(part("a" * 4000), part("b" * 4000))),
        ("multipart/form-data; boundary=" + "-" * 60, b"-" * 980_000),
        ("multipart/form-data; boundary=-", b"-" * 980_000),
        ("multipart/form-data; boundary=line", part("username")),
        ("multipart/form-data; boundary=line", part("username", b"\xff")),
        (FORM, b"username=\xff"),
    ],
)
def test_the_answer_does_not_grow_with_the_question(call: Caller, kind: str, body: bytes) -> None:
    answer = call("POST", TOKEN, content=body, headers={"Content-Type": kind})
    assert_problem(answer, 422, "invalid")
    assert len(answer.content) < SHORT


def test_a_form_without_a_boundary_is_no_form(call: Caller) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    answer = call("POST", TOKEN, content=multipart(part("a")), headers=headers)
    assert_problem(answer, 415, "unsupported_media_type")
