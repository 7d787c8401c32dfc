"""A collection for Postman, Bruno and Insomnia is made of docs/reference/openapi.json.

`python -m tests.clients.postman` does it; the collection lies in dist/ then. openapi-to-postmanv2
does the work. What it cannot know is added: where a server runs, and that a sign-in is for all.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.npm import NpmError, install, run
from tests.processes import ROOT

PACKAGE = ROOT / "clients" / "postman"
CONVERTER = PACKAGE / "node_modules" / "openapi-to-postmanv2" / "bin" / "openapi2postmanv2.js"
OPENAPI = ROOT / "docs" / "reference" / "openapi.json"
COLLECTION = ROOT / "dist" / "tripsync.postman_collection.json"
OPTIONS = {"folderStrategy": "Tags", "parametersResolution": "Example"}
# Of the answers that hold an access token, it is kept for the other requests.
KEEP_TOKEN = """\
const { access_token } = pm.response.json();
if (access_token) pm.collectionVariables.set("accessToken", access_token);"""
SIGN_INS = ("Log in", "Refresh tokens")


async def collection() -> dict[str, Any]:
    """What Postman imports."""
    await install(PACKAGE)
    with tempfile.TemporaryDirectory() as room:
        options, made = Path(room) / "options.json", Path(room) / "collection.json"
        options.write_text(json.dumps(OPTIONS))
        code, said = await run(PACKAGE, CONVERTER, "-s", OPENAPI, "-o", made, "-c", options)
        if code or not made.exists():
            raise NpmError(f"openapi-to-postmanv2 failed:\n{said}")
        found: dict[str, Any] = json.loads(made.read_text())
    found["variable"] = [
        {"key": "baseUrl", "value": "http://localhost:8000"},
        {"key": "accessToken", "value": ""},
    ]
    bearer = [{"key": "token", "value": "{{accessToken}}", "type": "string"}]
    found["auth"] = {"type": "bearer", "bearer": bearer}
    for item in requests(found):
        # Whoever needs a token takes that of the collection.
        if item["request"].get("auth"):
            del item["request"]["auth"]
        else:
            item["request"]["auth"] = {"type": "noauth"}
        item["response"] = [each for each in item["response"] if each.get("code", 400) < 300]
        if item["name"] in SIGN_INS:
            item["event"] = [{"listen": "test", "script": {"exec": KEEP_TOKEN.splitlines()}}]
    return found


def requests(folder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in folder["item"]:
        if "request" in item:
            yield item
        else:
            yield from requests(item)


async def main() -> int:
    try:
        made = await collection()
    except NpmError as reason:
        print(reason, file=sys.stderr)
        return 1
    COLLECTION.parent.mkdir(exist_ok=True)
    COLLECTION.write_text(json.dumps(made, indent=1))
    print(COLLECTION.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
