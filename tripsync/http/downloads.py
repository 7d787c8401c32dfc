"""Giving a file back, or saying that the copy which the client has is still right."""

from collections.abc import Mapping

from sanic import HTTPResponse, Request

# Kept by the client, and asked for again before each use: who is blocked today must not see
# from a cache what they saw yesterday.
ASKED_AGAIN = "private, no-cache"


def has_current(request: Request, version: str) -> bool:
    """Whether the client says that it has this version."""
    offered = request.headers.get("if-none-match", "")
    tags = {each.strip().removeprefix("W/") for each in offered.split(",")}
    return "*" in tags or etag(version) in tags


def not_modified(version: str, caching: str = ASKED_AGAIN) -> HTTPResponse:
    return HTTPResponse(status=304, headers=caching_headers(version, caching))


def download(
    content: bytes,
    media_type: str,
    version: str,
    caching: str = ASKED_AGAIN,
    headers: Mapping[str, str] | None = None,
) -> HTTPResponse:
    return HTTPResponse(
        content, 200, {**caching_headers(version, caching), **(headers or {})}, media_type
    )


def caching_headers(version: str, caching: str) -> dict[str, str]:
    return {"Cache-Control": caching, "Vary": "Authorization", "ETag": etag(version)}


def etag(version: str) -> str:
    return f'"{version}"'
