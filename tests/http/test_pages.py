"""The API can be tried and read on a campus network that has no internet."""

import re

import pytest
from markupsafe import escape

from tests.conftest import Caller


@pytest.mark.parametrize("page", ["/docs", "/redoc", "/docs/sockets"])
def test_a_page_needs_nothing_from_elsewhere(call: Caller, page: str) -> None:
    answer = call("GET", page)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for source in re.findall(r"""(?:src|href)=["']([^"'#]+)""", answer.text):
        assert re.match("/(?!/)", source), source
        part = call("GET", source)
        assert part.status_code == 200
        assert part.content


def test_the_guide_to_sockets_is_shown_as_a_page(call: Caller) -> None:
    page = call("GET", "/docs/sockets")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h2>Losing nothing</h2>" in page.text
    assert "<table>" in page.text
    # What lies beside the sources is not served.
    assert "../" not in page.text


def test_swagger_ui_is_started_on_our_document(call: Caller) -> None:
    assert '"/openapi.json"' in call("GET", "/docs/start.js").text
    bundle = call("GET", "/docs/swagger-ui-bundle.js")
    assert bundle.headers["content-type"].startswith("text/javascript")
    assert "max-age" in bundle.headers["cache-control"]


def test_redoc_is_started_on_our_document_and_asks_nobody_else(call: Caller) -> None:
    assert '"/openapi.json"' in call("GET", "/docs/read.js").text
    script = call("GET", "/docs/redoc.standalone.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "max-age" in script.headers["cache-control"]
    assert "cdn.redoc.ly" not in script.text
    assert "/docs/icon.svg" in script.text


def test_the_reading_page_has_every_message_and_problem(call: Caller) -> None:
    page = call("GET", "/redoc").text
    sockets = call("GET", "/asyncapi.json").json
    for key, message in sockets["components"]["messages"].items():
        assert f'<article id="{key}">' in page
        assert escape(message["summary"]).partition("`")[0] in page
    for channel in sockets["channels"].values():
        assert f"<code>{channel['address']}</code>" in page
    refused = call("POST", "/api/auth/login", content=b"{")
    anchor = refused.json["type"].removeprefix("/redoc#")
    assert f'id="{anchor}"' in page
