"""What Dockerfile and docker-compose.yml promise. No engine is needed to hold them to it."""

import asyncio
import json
import os
import re
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.conftest import Server
from tests.processes import free_ports
from tripsync.cli import parser
from tripsync.settings import Settings, variables

ROOT = Path(__file__).parent.parent


class Instruction(NamedTuple):
    """One instruction of a Dockerfile, on one line."""

    word: str
    arguments: str

    @property
    def exec_form(self) -> list[str]:
        """The JSON array it ends with; a ValueError where a shell would read it."""
        words: list[str] = json.loads(self.arguments[self.arguments.index("[") :])
        return words


Stage = list[Instruction]


def read_stages(text: str) -> list[Stage]:
    code = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    stages: list[Stage] = []
    for line in code.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        word, _, arguments = line.partition(" ")
        if word == "FROM":
            stages.append([])
        stages[-1].append(Instruction(word, arguments.strip()))
    return stages


def every(stage: Stage, word: str) -> list[Instruction]:
    return [each for each in stage if each.word == word]


def last(stage: Stage, word: str) -> Instruction:
    return every(stage, word)[-1]


def environment_of(stage: Stage) -> dict[str, str]:
    pairs = (pair for each in every(stage, "ENV") for pair in each.arguments.split())
    return dict(pair.split("=", 1) for pair in pairs)


@pytest.fixture
def stages() -> list[Stage]:
    return read_stages((ROOT / "Dockerfile").read_text())


@pytest.fixture
def build(stages: list[Stage]) -> Stage:
    return stages[0]


@pytest.fixture
def image(stages: list[Stage]) -> Stage:
    """The last stage: what is shipped."""
    return stages[-1]


@pytest.fixture
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return document


@pytest.fixture
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found


def test_the_image_holds_what_another_stage_built_and_not_its_tools(stages: list[Stage]) -> None:
    build, image = stages
    assert last(build, "FROM").arguments.endswith(" AS build")
    assert [each.arguments for each in every(image, "COPY")] == [
        "--from=build /opt/tripsync /opt/tripsync"
    ]
    assert "pip" not in " ".join(each.arguments for each in every(image, "RUN"))


def test_all_stages_have_the_same_python_which_we_say_to_support(stages: list[Stage]) -> None:
    (base,) = {last(stage, "FROM").arguments.split()[0] for stage in stages}
    pinned = re.fullmatch(r"python:(3\.\d+)-slim-[a-z]+", base)
    assert pinned, f"{base} must name a minor version and a Debian release"
    packaging = ConfigParser()
    packaging.read(ROOT / "setup.cfg")
    assert f"Programming Language :: Python :: {pinned[1]}" in packaging["metadata"]["classifiers"]


def test_the_image_is_built_from_the_lock_file_alone(build: Stage) -> None:
    installs = [each.arguments for each in every(build, "RUN") if "pip install" in each.arguments]
    assert installs == [
        "pip install --no-deps --require-hashes -r requirements.lock",
        "pip install --no-deps .",
    ]


def test_the_image_runs_as_an_ordinary_user_who_owns_the_data_folder(image: Stage) -> None:
    uid, gid = last(image, "USER").arguments.split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    accounts = last(image, "RUN").arguments
    assert f"groupadd --gid {gid} tripsync" in accounts
    assert f"useradd --uid {uid} --gid tripsync" in accounts
    data = last(image, "VOLUME").arguments
    assert f"install -d -o tripsync -g tripsync {data}" in accounts
    assert environment_of(image)["TRIPSYNC_DATA_DIR"] == data


def test_the_image_serves_on_every_address_and_gets_its_signals_itself(image: Stage) -> None:
    # A shell in between would keep SIGTERM to itself, and requests in flight would be cut.
    command = last(image, "CMD").exec_form
    assert command == ["tripsync", "serve"]
    parser().parse_args(command[1:])
    assert environment_of(image)["HOST"] == "0.0.0.0"
    assert last(image, "EXPOSE").arguments == "8000"


def test_an_image_that_nobody_configured_refuses_to_start(image: Stage) -> None:
    assert environment_of(image)["ENVIRONMENT"] == "production"


async def test_the_health_check_tells_a_server_from_a_closed_port(
    image: Stage, server: Server
) -> None:
    async def check(port: int) -> int:
        program, *arguments = last(image, "HEALTHCHECK").exec_form
        assert program == "python"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            # A proxy must not be asked for our own address.
            env={**os.environ, "PORT": str(port), "http_proxy": "http://127.0.0.1:9"},
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await process.wait()

    assert await check(server.port) == 0
    assert await check(free_ports(1)) == 1


def test_only_the_package_gets_into_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    first, *rules = [line for line in lines if line and not line.startswith("#")]
    assert first == "*"
    assert {rule for rule in rules if rule.startswith("!")} == {
        "!tripsync",
        "!sql",
        "!migrations",
        "!docs/sockets.md",
        "!setup.cfg",
        "!setup.py",
        "!pyproject.toml",
        "!requirements.lock",
        "!README.md",
        "!LICENSE",
    }


def test_the_database_is_healthy_only_when_it_takes_connections(services: dict[str, Any]) -> None:
    program, *arguments = services["database"]["healthcheck"]["test"][1:]
    assert program == "pg_isready"
    # On its socket the image answers while it is still setting up.
    assert "--host=127.0.0.1" in arguments


def test_the_migration_runs_once_when_the_database_is_healthy(services: dict[str, Any]) -> None:
    migration = services["migration"]
    assert migration["command"] == ["tripsync", "migrate"]
    assert migration["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert "restart" not in migration


def test_the_server_waits_for_database_and_migration(services: dict[str, Any]) -> None:
    assert services["server"]["depends_on"] == {
        "database": {"condition": "service_healthy"},
        "migration": {"condition": "service_completed_successfully"},
    }


def test_the_server_is_on_8000_and_reloads_the_mounted_source(services: dict[str, Any]) -> None:
    server = services["server"]
    assert server["ports"] == ["${PORT:-8000}:8000"]
    assert server["command"] == ["tripsync", "serve", "--reload"]
    assert parser().parse_args(server["command"][1:]).reload


@pytest.mark.parametrize("name", ["migration", "server"])
def test_what_runs_is_the_mounted_source(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["build"] == "."
    assert f".:{service['environment']['PYTHONPATH']}:ro" in service["volumes"]


def test_data_and_database_outlive_their_containers(compose: dict[str, Any], image: Stage) -> None:
    services = compose["services"]
    assert f"data:{last(image, 'VOLUME').arguments}" in services["server"]["volumes"]
    # From version 18 on, the image keeps its data in a folder below this one.
    assert services["database"]["image"].startswith("postgres:18-")
    assert services["database"]["volumes"] == ["database:/var/lib/postgresql"]
    assert compose["volumes"].keys() == {"data", "database"}


def test_a_stop_leaves_requests_in_flight_the_time_they_are_promised(
    services: dict[str, Any],
) -> None:
    patience = int(services["server"]["stop_grace_period"].removesuffix("s"))
    assert patience > Settings().grace_seconds


def filled_in(template: str, given: dict[str, str]) -> str:
    """What compose makes of `${NAME:-default}`."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda hole: given.get(hole[1]) or hole[2], template)


def test_with_nothing_set_the_server_has_the_usual_development_settings(
    services: dict[str, Any],
) -> None:
    given = {
        name: filled_in(value, {}) for name, value in services["server"]["environment"].items()
    }
    database = services["database"]["environment"]
    assert Settings.from_environment(given) == Settings(
        database_url=(
            f"postgresql://{database['POSTGRES_USER']}:{database['POSTGRES_PASSWORD']}"
            f"@database:5432/{database['POSTGRES_DB']}"
        )
    )


def test_every_setting_reaches_the_server(services: dict[str, Any], image: Stage) -> None:
    given = services["server"]["environment"]
    # The stack has its own database, and the image says where to listen and to keep things.
    decided = {
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "PORT",
        "HOST",
        "TRIPSYNC_DATA_DIR",
    }
    passed = {name for name, value in given.items() if filled_in(value, {name: "?"}) == "?"}
    missing = {variable.name for variable in variables()} - decided - passed
    assert not missing, f"docker-compose.yml must pass {', '.join(sorted(missing))} through"
