"""What may stand in a path: ids, whole numbers that PostgreSQL can hold, and secrets, which no
log may show. Anything else names nothing: 404."""

from collections.abc import Iterator

from sanic import Sanic
from sanic.constants import HTTP_METHODS
from sanic.exceptions import SanicException

LARGEST_ID = 2**63 - 1


def read_id(text: str) -> int:
    number = int(text)
    if number > LARGEST_ID:
        raise ValueError("no row has this id")
    return number


def add_path_patterns(app: Sanic) -> None:
    app.router.register_pattern("id", read_id, r"[1-9][0-9]{0,18}")
    app.router.register_pattern("secret", str, r"[A-Za-z0-9_-]{43}")


def secret_paths(app: Sanic) -> Iterator[str]:
    """Where the paths begin whose next part is a secret."""
    for route in app.router.routes:
        beginning, marked, _ = f"/{route.path}".partition("<")
        if marked and ":secret>" in route.path:
            yield beginning


def methods_of(app: Sanic, path: str) -> list[str]:
    """The methods that a path takes; Sanic's own refusal names them only where a path has no
    parameters."""
    return [method for method in HTTP_METHODS if takes(app, path, method)]


def takes(app: Sanic, path: str, method: str) -> bool:
    try:
        app.router.get(path, method, None)
    except SanicException:
        return False
    return True
