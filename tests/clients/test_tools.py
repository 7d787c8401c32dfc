"""What is made of the document for those who try the API before they write a client."""

import asyncio
import json

import httpx
import jsonschema_rs
import pytest

from tests.clients import mock, postman
from tests.processes import free_ports
from tests.waiting import PATIENCE, until

DOCUMENT = json.loads(postman.OPENAPI.read_text())


@pytest.mark.slow
async def test_the_collection_has_a_request_for_every_operation() -> None:
    made = list(postman.requests(await postman.collection()))
    operations = {
        operation["summary"]: operation
        for path in DOCUMENT["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    }
    assert {item["name"] for item in made} == operations.keys()
    for item in made:
        needs_token = operations[item["name"]].get("security") != []
        assert ("auth" not in item["request"]) == needs_token, item["name"]
        assert [answer["code"] // 100 for answer in item["response"]] == [2], item["name"]
    assert {item["name"] for item in made if item.get("event")} == set(postman.SIGN_INS)


@pytest.mark.slow
async def test_the_mock_answers_with_what_the_document_shows() -> None:
    port = free_ports(1)
    process = await asyncio.create_subprocess_exec(*await mock.command(port))
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE
        ) as client:

            async def answers() -> bool:
                try:
                    await client.get("/api/health")
                except httpx.TransportError:
                    return False
                return True

            await until(answers)
            token = {"Authorization": "Bearer any"}
            for path, name in (
                ("/api/pool/pools/current", "CurrentPools"),
                ("/api/profile/me", "Profile"),
            ):
                answer = await client.get(path, headers=token)
                assert answer.status_code == 200, answer.text
                schema = {"$ref": f"#/components/schemas/{name}", **DOCUMENT}
                jsonschema_rs.validate(schema, answer.json())
            refused = await client.get("/api/profile/me")
            assert refused.status_code == 401
    finally:
        process.terminate()
        await process.wait()
