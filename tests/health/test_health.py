import httpx

from tests.conftest import Server


async def test_ping_is_the_contract(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/health/ping")
    assert answer.status_code == 200
    assert answer.json() == {"ping": "pong!"}


async def test_ready_when_the_database_is_there(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_a_load_balancer_may_ask_with_head(client: httpx.AsyncClient) -> None:
    for question in ("ping", "live", "ready"):
        answer = await client.head(f"/api/health/{question}")
        assert (answer.status_code, answer.content) == (200, b"")


async def test_not_ready_while_draining_but_alive(
    server: Server, client: httpx.AsyncClient
) -> None:
    server.app.ctx.draining = True
    try:
        ready = await client.get("/api/health/ready")
        live = await client.get("/api/health/live")
    finally:
        server.app.ctx.draining = False
    assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
    assert ready.headers["connection"] == "close"
    assert live.status_code == 200
