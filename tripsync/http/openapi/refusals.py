"""Refusals of an operation: which it may give, and what their problem documents hold."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tripsync.http import problems
from tripsync.http.endpoint import Contract
from tripsync.http.openapi.schemas import REFERENCE
from tripsync.http.problems import MEDIA_TYPE, FieldError, ProblemDocument, Refusal, document_of

PROBLEM = {"$ref": REFERENCE.format(name=ProblemDocument.__name__)}
REQUEST_ID = "4f1c2a9e"
# What asks for patience says for how long.
SAYS_WHEN = {429, 503}
RETRY_AFTER = {
    "description": "Seconds to wait before another try.",
    "schema": {"type": "integer", "minimum": 0, "examples": [2]},
}
OTHERWISE = {
    "description": "Whatever else any call may answer, such as `internal_error` (500).",
    "content": {MEDIA_TYPE: {"schema": PROBLEM}},
}


def possible_refusals(method: str, contract: Contract) -> list[Refusal]:
    found = list(contract.refuses)
    if not contract.open:
        found.append(problems.NOT_AUTHENTICATED)
    if contract.body or contract.form or contract.upload:
        found += [problems.TOO_LARGE, problems.UNSUPPORTED_MEDIA_TYPE, problems.INVALID]
    if contract.body:
        found.append(problems.MALFORMED_JSON)
    if contract.query or not contract.open:
        found.append(problems.INVALID)
    if contract.idempotent:
        found.append(problems.KEY_REUSED)
    if method != "GET":
        found += [problems.CONFLICT, problems.READ_ONLY]
    return list(dict.fromkeys([*found, problems.UNAVAILABLE]))


def by_status(group: Iterable[Refusal]) -> dict[int, list[Refusal]]:
    sorted_out: dict[int, list[Refusal]] = {}
    for each in sorted(group, key=lambda each: each.code):
        sorted_out.setdefault(each.status, []).append(each)
    return dict(sorted(sorted_out.items()))


class Problems:
    """What operations refuse with, collected for the components, where each stands once."""

    def __init__(self) -> None:
        self.responses: dict[str, Any] = {"Otherwise": OTHERWISE}
        self.schemas: dict[str, Any] = {}
        self.examples: dict[str, Any] = {}

    def response(self, operation_id: str, group: Sequence[Refusal]) -> dict[str, str]:
        """A reference to what an operation says with one status."""
        name = name_of(operation_id, group)
        if name not in self.responses:
            self.responses[name] = self._response(name, group)
        return {"$ref": f"#/components/responses/{name}"}

    def _response(self, name: str, group: Sequence[Refusal]) -> dict[str, Any]:
        [status] = {each.status for each in group}
        described: dict[str, Any] = {
            "description": "; ".join(f"`{each.code}`: {each.title}" for each in group),
            "content": {
                MEDIA_TYPE: {
                    "schema": self._schema(name, group),
                    "examples": {each.code: self._example(each) for each in group},
                }
            },
        }
        if status in SAYS_WHEN:
            described["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
        return described

    def _schema(self, name: str, group: Sequence[Refusal]) -> Mapping[str, Any]:
        """One for each set of codes, so that clients can switch on `code` and forget none."""
        self.schemas[name] = {
            "title": name,
            "description": " ".join(sorted(each.detail for each in group)),
            "allOf": [
                PROBLEM,
                {
                    "type": "object",
                    "properties": {
                        "code": {
                            "type": "string",
                            "description": "For programs.",
                            "enum": [each.code for each in group],
                        }
                    },
                    "required": ["code"],
                },
            ],
        }
        return {"$ref": REFERENCE.format(name=name)}

    def _example(self, refusal: Refusal) -> Mapping[str, Any]:
        self.examples[refusal.code] = {
            "summary": refusal.title,
            "value": document_of(refusal, refusal.detail, mistakes(refusal), request_id=REQUEST_ID),
        }
        return {"$ref": f"#/components/examples/{refusal.code}"}


def name_of(operation_id: str, group: Sequence[Refusal]) -> str:
    """Of one or two codes it is made of them, of more it is the operation's."""
    if len(group) > 2:
        return f"{operation_id[0].upper()}{operation_id[1:]}Problem{group[0].status}"
    return "Or".join(re.sub(r"(?:^|_)(\w)", upper, each.code) for each in group) + "Problem"


def upper(found: re.Match[str]) -> str:
    return found[1].upper()


def mistakes(refusal: Refusal) -> list[FieldError]:
    if refusal is problems.INVALID:
        return [FieldError("limit", "The field 'limit' must be at most 100.")]
    return []
