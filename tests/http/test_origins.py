import httpx
import pytest

PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://localhost:3000"])
@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/sessions/1", "/not/there"])
async def test_preflight_names_what_is_allowed(
    client: httpx.AsyncClient, origin: str, path: str
) -> None:
    answer = await client.options(path, headers={"Origin": origin, **PREFLIGHT})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-credentials"] == "true"
    allowed = answer.headers["access-control-allow-headers"]
    assert "Authorization" in allowed
    assert "Content-Type" in allowed
    assert "*" not in allowed
    assert "DELETE" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://localhost:5173.evil.example", "https://localhost:5173", "null"],
)
async def test_other_origins_get_nothing(client: httpx.AsyncClient, origin: str) -> None:
    preflight = await client.options("/api/auth/login", headers={"Origin": origin, **PREFLIGHT})
    answer = await client.get("/api/health/ping", headers={"Origin": origin})
    for each in (preflight, answer):
        assert not [name for name in each.headers if name.startswith("access-control-")]


async def test_errors_can_be_read_by_the_page_too(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/auth/sessions", headers={"Origin": "http://localhost:5173"})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "X-Request-ID" in answer.headers["access-control-expose-headers"]


async def test_caches_keep_origins_apart(client: httpx.AsyncClient) -> None:
    assert "Origin" in (await client.get("/api/health/ping")).headers["vary"]
