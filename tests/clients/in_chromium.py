"""The TypeScript client in a browser, on a page of another origin than the server's.

It wants a Chromium on PATH (on Debian: `apt install chromium`), so it runs when it is named, and
not with the other tests: `make test ARGS="-n 0 tests/clients/in_chromium.py"`.
"""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec

from tests.clients.typescript import PACKAGE, compiled
from tests.conftest import Server, SignUp, StartServer
from tests.people import PASSWORD
from tests.processes import free_ports
from tests.realtime.conftest import Tell
from tests.waiting import PATIENCE, until
from tripsync.realtime.gateway import Gateway

NAMES = ("chromium", "chromium-browser", "google-chrome")
PAGE = """<!doctype html>
<script type="importmap">
{"imports": {
  "@tripsync/client": "/dist/index.js",
  "openapi-fetch": "/node_modules/openapi-fetch/dist/index.mjs"
}}
</script>
<script type="module">
const tell = (what, details) =>
  fetch("/told", {method: "POST", body: JSON.stringify({what, ...details})});
addEventListener("error", ({message}) => tell("error", {message}));
addEventListener("unhandledrejection", ({reason}) => tell("error", {message: String(reason)}));
import {keyValueStorage, TripSync, unwrap} from "@tripsync/client";
const given = GIVEN;
SCRIPT
</script>
"""
SCRIPT = """
const storage = keyValueStorage(localStorage, {locks: navigator.locks});
const {session, api} = new TripSync({baseUrl: given.url, storage});
await unwrap(session.logIn(given.credentials));
const {email} = await unwrap(api.GET("/api/profile/me"));
await tell("read", {email});
const {error} = await api.GET("/api/pool/pools/{pool_id}", {params: {path: {pool_id: 1}}});
await tell("refused", {code: error.code});

// Tabs whose token is refused at the same moment.
const kept = JSON.parse(localStorage["tripsync.tokens"]);
localStorage["tripsync.tokens"] = JSON.stringify({...kept, accessToken: "not.a.token"});
const tabs = Array.from({length: 5}, () => new TripSync({baseUrl: given.url, storage}));
const answers = await Promise.all(tabs.map(tab => tab.api.GET("/api/profile/me")));
const refreshes = performance.getEntriesByType("resource").filter(
  ({name, initiatorType}) => name.endsWith("/api/auth/refresh") && initiatorType === "fetch");
await tell("refreshed", {
  statuses: answers.map(({response}) => response.status), refreshes: refreshes.length,
});

try {
  for await (const {type, seq} of tabs[0].follow()) await tell("heard", {type, seq});
} catch ({name}) {
  await tell("failed", {name});
}
"""


class Browser:
    """A page, and what it tells."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def tells(self, what: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            told = await self.told.get()
        assert told.pop("what") == what, told
        return told


class Pages(SimpleHTTPRequestHandler):
    """The page at /, the client's files below, and a place to tell things."""

    def __init__(self, *request: Any, page: str, tell: Any) -> None:
        self.page, self.tell = page, tell
        super().__init__(*request, directory=str(PACKAGE))

    def do_GET(self) -> None:
        if self.path != "/":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.page.encode())
        return None

    def do_POST(self) -> None:
        self.tell(msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *about: object) -> None:
        """Nobody reads it."""


@asynccontextmanager
async def browser(port: int, script: str, profile: Path, **given: object) -> AsyncIterator[Browser]:
    """Chromium, on a page with this script."""
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    assert chromium, f"none of {NAMES} is on PATH"
    await compiled()
    page = PAGE.replace("GIVEN", msgspec.json.encode(given).decode()).replace("SCRIPT", script)
    opened, loop = Browser(), asyncio.get_running_loop()
    tell = partial(loop.call_soon_threadsafe, opened.told.put_nowait)
    web = ThreadingHTTPServer(("127.0.0.1", port), partial(Pages, page=page, tell=tell))
    Thread(target=web.serve_forever, daemon=True).start()
    process = await asyncio.create_subprocess_exec(
        *(chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server"),
        *(f"--user-data-dir={profile}", f"http://127.0.0.1:{port}/"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield opened
    finally:
        process.terminate()
        await process.wait()
        web.shutdown()
        web.server_close()


async def test_a_page_signs_in_refreshes_once_and_resumes(
    start_server: StartServer, sign_up: SignUp, tell: Tell, tmp_path: Path
) -> None:
    port = free_ports(1)
    server: Server = await start_server(backend_cors_origins=(f"http://127.0.0.1:{port}",))
    rider = await sign_up()
    credentials = {"email": rider.email, "password": PASSWORD}
    async with browser(port, SCRIPT, tmp_path, url=server.url, credentials=credentials) as page:
        assert await page.tells("read") == {"email": rider.email}
        assert await page.tells("refused") == {"code": "no_such_pool"}
        assert await page.tells("refreshed") == {"statuses": [200] * 5, "refreshes": 1}
        assert await page.tells("heard") == {"type": "ready", "seq": 0}
        await tell(rider, 2)
        assert [(await page.tells("heard"))["seq"] for _ in range(2)] == [1, 2]
        connections = server.app.ctx.resources[Gateway].connections
        [line] = connections.devices_of(rider.id)
        line.connection.abort()
        await until(line.connection.closed.done)
        await tell(rider, 2)
        told = [await page.tells("heard") for _ in range(3)]
        assert [each["seq"] for each in told if each["type"] != "resumed"] == [3, 4]
        answer = await rider.call("POST", "/api/auth/logout-everywhere")
        assert answer.status_code == 204, answer.text
        assert await page.tells("failed") == {"name": "SignedOutError"}
