"""What a URL may hold: an id in the one way to write it, a secret as long as ours are."""

import re

import pytest

from tests.answers import document
from tests.conftest import SignUp

PARAMETERS = re.compile(r"\{(\w+)\}")
NO_IDS = ["0", "-1", "+1", "00001", "1.0", "1e3", "x", "%20", "１", str(2**63), str(-(2**63) - 1)]  # noqa: RUF001
NO_SECRETS = ["a", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "%0A"]


@pytest.mark.parametrize("wrong", [*NO_IDS, *NO_SECRETS])
async def test_whatever_else_stands_there_names_nothing(sign_up: SignUp, wrong: str) -> None:
    """Whoever asks, by whatever method; least of all is it an error of ours."""
    rider = await sign_up()
    for path, operations in document()["paths"].items():
        for name in PARAMETERS.findall(path):
            is_id = name.endswith("_id")
            if (wrong in NO_IDS) != is_id:
                continue
            for method in operations.keys() - {"parameters"}:
                answer = await rider.call(method.upper(), path.replace(f"{{{name}}}", wrong))
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (
                    method,
                    path,
                )
