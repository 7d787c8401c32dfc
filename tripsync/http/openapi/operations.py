"""An operation is what one endpoint takes, gives and refuses."""

from collections.abc import Mapping
from typing import Any

from sanic import Sanic
from sanic_routing.route import Route

from tripsync.http.endpoint import Binary, Contract
from tripsync.http.forms import FORM, MULTIPART
from tripsync.http.openapi.examples import example
from tripsync.http.openapi.parameters import parameters
from tripsync.http.openapi.refusals import Problems, by_status, possible_refusals
from tripsync.http.openapi.schemas import entry_of, schema_of
from tripsync.http.responses import JSON
from tripsync.http.uploads import FIELD, Upload

# Any of them will do: a token from the app's own login, or one from Authorize.
SIGNED_IN: list[dict[str, list[str]]] = [{"bearer": []}, {"password": []}]


def operation(
    app: Sanic,
    route: Route,
    method: str,
    contract: Contract,
    components: Mapping[str, Any],
    problems: Problems,
) -> dict[str, Any]:
    _, feature, name = route.name.split(".", 2)
    operation_id = camel_case(name)
    described: dict[str, Any] = {
        "tags": [app.blueprints[feature].ctx.title],
        "operationId": operation_id,
        "summary": name.replace("_", " ").capitalize(),
        "description": "\n\n".join(filter(None, [f"{contract.summary}.", contract.description])),
        "parameters": parameters(route, contract),
    }
    if contract.body or contract.form or contract.upload:
        described["requestBody"] = {"required": True, "content": contents(contract, components)}
    described["responses"] = {
        **success(contract, components),
        **{
            str(status): problems.response(operation_id, group)
            for status, group in by_status(possible_refusals(method, contract)).items()
        },
        "default": {"$ref": "#/components/responses/Otherwise"},
    }
    described["security"] = [] if contract.open else SIGNED_IN
    return described


def camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def contents(contract: Contract, components: Mapping[str, Any]) -> dict[str, Any]:
    offered = {}
    if contract.body:
        offered[JSON] = content(contract.body, components)
    if contract.form:
        offered[FORM] = offered[MULTIPART] = content(contract.form, components)
    if contract.upload:
        offered[MULTIPART] = file_form(contract.upload)
    return offered


def file_form(upload: Upload) -> dict[str, Any]:
    file = {"type": "string", "format": "binary", "description": upload.description}
    return {
        "schema": {
            "title": "File",
            "type": "object",
            "properties": {FIELD: file},
            "required": [FIELD],
        },
        "encoding": {FIELD: {"contentType": ", ".join(upload.media_types)}},
    }


def content(kind: Any, components: Mapping[str, Any]) -> dict[str, Any]:
    schema = schema_of(kind)
    return {"schema": schema, "example": example(schema, components)}


def success(contract: Contract, components: Mapping[str, Any]) -> dict[str, Any]:
    """What the operation answers when all is well."""
    done: dict[str, Any] = {"description": "Done."}
    answers = {str(contract.status): done}
    if isinstance(contract.answer, Binary):
        file = {"type": "string", "format": "binary"}
        done["description"] = "The file."
        done["content"] = {contract.answer.media_type: {"schema": file}}
        if contract.answer.versioned:
            answers["304"] = {"description": "The copy named in `If-None-Match` is still right."}
    elif contract.answer is not None:
        entry = entry_of(contract.answer)
        done["description"] = components[entry.__name__]["description"]
        done["content"] = {JSON: content(contract.answer, components)}
        if entry is not contract.answer:
            done["description"] = "A page of the list."
            done["headers"] = {"X-Next-Cursor": {"$ref": "#/components/headers/NextCursor"}}
    return answers
