from tests.conftest import Caller


def test_ping_is_the_contract(call: Caller) -> None:
    answer = call("GET", "/api/health/ping")
    assert answer.status_code == 200
    assert answer.json == {"ping": "pong!"}


def test_ready_when_the_database_is_there(call: Caller) -> None:
    answer = call("GET", "/api/health/ready")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_a_load_balancer_may_ask_with_head(call: Caller) -> None:
    for question in ("ping", "live", "ready"):
        answer = call("HEAD", f"/api/health/{question}")
        assert (answer.status_code, answer.content) == (200, b"")


def test_not_ready_while_draining_but_alive(call: Caller) -> None:
    call.app.ctx.resources.draining = True
    try:
        ready = call("GET", "/api/health/ready")
        live = call("GET", "/api/health/live")
    finally:
        call.app.ctx.resources.draining = False
    assert (ready.status_code, ready.json["code"]) == (503, "not_ready")
    assert ready.headers["connection"] == "close"
    assert live.status_code == 200
