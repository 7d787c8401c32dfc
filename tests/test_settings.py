"""Settings come from the environment and from `.env`; what is wrong is said at once, by name."""

import re
from pathlib import Path

import pytest

from tests.processes import ROOT
from tripsync.cli import main
from tripsync.env_file import GROUPS, example, read_env_file
from tripsync.settings import (
    Settings,
    SettingsError,
    masked,
    variables,
    warnings,
    with_development_secret,
)

STRONG = "q7Rk2mZx9LwT4vNc8HsB1jYd6FgP3aEu"


def problems_with(**environment: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(environment)
    return refused.value.problems


def test_an_empty_environment_is_development() -> None:
    settings = Settings.from_environment({})
    assert settings.in_development
    assert settings.embeds_database
    assert (settings.port, settings.bcrypt_rounds, settings.rate_limits) == (8000, 12, "on")
    assert (settings.database_pool_min, settings.database_pool_max) == (5, 15)
    assert settings.backend_cors_origins == ("http://localhost:5173", "http://localhost:3000")


def test_an_empty_variable_is_an_absent_one() -> None:
    assert Settings.from_environment({"PORT": "", "DATABASE_URL": " "}) == Settings()


def test_links_lead_to_the_port_that_is_listened_on() -> None:
    assert Settings().api_url == "http://localhost:8000"
    assert Settings.from_environment({"PORT": "9000"}).api_url == "http://localhost:9000"
    elsewhere = {"PORT": "9000", "API_URL": "https://api.a.example"}
    assert Settings.from_environment(elsewhere).api_url == "https://api.a.example"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    "written", ["https://a.example,https://b.example", '["https://a.example", "https://b.example"]']
)
def test_origins_are_a_list_in_either_spelling(written: str) -> None:
    settings = Settings.from_environment({"BACKEND_CORS_ORIGINS": written})
    assert settings.backend_cors_origins == ("https://a.example", "https://b.example")


def test_everything_wrong_is_said_at_once() -> None:
    problems = problems_with(
        ENVIRONMENT="production",
        PORT="eighty",
        WORKERS="0",
        RATE_LIMITS="maybe",
        DATABASE_URL="mysql://localhost",
        BACKEND_CORS_ORIGINS="*",
        SECRET_KEY="short",
    )
    named = {problem.partition(":")[0] for problem in problems}
    assert named == {
        "PORT",
        "WORKERS",
        "RATE_LIMITS",
        "DATABASE_URL",
        "BACKEND_CORS_ORIGINS",
        "SECRET_KEY",
    }


@pytest.mark.parametrize(
    "origin", ["*", "rides.example", "https://a.example/path", "https://*.example", "null"]
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    assert problems_with(BACKEND_CORS_ORIGINS=origin)


@pytest.mark.parametrize("address", ["not a url", "rides.example", "ftp://rides.example"])
def test_links_in_mails_lead_somewhere(address: str) -> None:
    assert problems_with(APP_URL=address)
    assert problems_with(API_URL=address)


@pytest.mark.parametrize(
    "url", ["smtp://mail", "smtps://mail.example:465", "smtp://rides%40a.example:p%2Fss@[::1]:587"]
)
def test_a_mail_server_is_named_by_its_address(url: str) -> None:
    named = {"SMTP_URL": url, "MAIL_FROM": "Rides <rides@example.edu>"}
    assert Settings.from_environment(named).smtp_url == url


@pytest.mark.parametrize(
    "url",
    ["mail:25", "http://mail", "smtp://", "smtp://user@mail", "smtp://mail?hush", "smtp://a:b"],
)
def test_what_is_no_address_of_a_mail_server_is_refused_unseen(url: str) -> None:
    [problem] = problems_with(SMTP_URL=url, MAIL_FROM="rides@example.edu")
    assert problem.startswith("SMTP_URL: ")
    assert "hush" not in problem


@pytest.mark.parametrize("sender", ["Rides", "rides@a.example, all@a.example", "a\nb@a.example"])
def test_mails_have_one_sender(sender: str) -> None:
    [problem] = problems_with(MAIL_FROM=sender)
    assert problem.startswith("MAIL_FROM: ")


def test_mails_that_leave_say_where_they_come_from() -> None:
    server = {"ENVIRONMENT": "production", "SECRET_KEY": STRONG, "SMTP_URL": "smtps://mail"}
    problems = problems_with(**server)
    assert [each.partition(":")[0] for each in problems] == ["MAIL_FROM", "API_URL"]
    here = {"MAIL_FROM": "rides@a.example", "API_URL": "https://api.a.example"}
    Settings.from_environment({**server, **here})


def test_a_pool_cannot_be_larger_at_least_than_at_most() -> None:
    assert problems_with(DATABASE_POOL_MIN="9", DATABASE_POOL_MAX="8")


@pytest.mark.parametrize(
    "url", ["http://osrm:5000", "https://rider:hush@roads.example/maps/india", "http://[::1]:5000/"]
)
def test_a_routing_server_is_named_by_its_address(url: str) -> None:
    assert Settings.from_environment({"ROUTING_URL": url}).routing_url == url


@pytest.mark.parametrize(
    "url",
    [
        "osrm:5000",
        "ftp://osrm",
        "http://",
        "http://osrm:port",
        "http://[osrm",
        "http://osrm?key=hush",
        "http://osrm/#hush",
    ],
)
def test_what_is_no_address_of_a_routing_server_is_refused_unseen(url: str) -> None:
    [problem] = problems_with(ROUTING_URL=url)
    assert problem.startswith("ROUTING_URL: ")
    assert "hush" not in problem


def test_a_routing_server_must_answer_before_the_caller_is_given_up() -> None:
    timeouts = {"ROUTING_TIMEOUT_MS": "5000", "REQUEST_TIMEOUT_SECONDS": "5"}
    Settings.from_environment(timeouts)
    [problem] = problems_with(ROUTING_URL="http://osrm:5000", **timeouts)
    assert problem.startswith("ROUTING_TIMEOUT_MS: ")
    timeouts["ROUTING_TIMEOUT_MS"] = "4999"
    Settings.from_environment({"ROUTING_URL": "http://osrm:5000", **timeouts})


@pytest.mark.parametrize(
    "key",
    [
        "",
        "short",
        "x" * 31,
        "x" * 64,
        "your-secret-key-here-change-in-production",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    ],
)
def test_production_takes_no_weak_key(key: str) -> None:
    assert problems_with(ENVIRONMENT="production", SECRET_KEY=key)
    assert problems_with(
        ENVIRONMENT="production", SECRET_KEY=STRONG, RETIRED_SECRET_KEYS=f"{STRONG},{key or 'x'}"
    )


def test_production_takes_a_strong_one() -> None:
    settings = Settings.from_environment({"ENVIRONMENT": "production", "SECRET_KEY": STRONG})
    assert settings.secret_key == STRONG


@pytest.mark.parametrize(
    "half",
    [
        {"S3_BUCKET": "files"},
        {"S3_BUCKET": "files", "S3_ACCESS_KEY": "key"},
        {"S3_ENDPOINT": "https://s3.example"},
        {"S3_ACCESS_KEY": "key", "S3_SECRET_KEY": "secret"},
        {
            "S3_BUCKET": "files",
            "S3_ACCESS_KEY": "key",
            "S3_SECRET_KEY": "secret",
            "S3_ENDPOINT": "s3.example",
        },
    ],
)
def test_half_an_object_storage_is_refused(half: dict[str, str]) -> None:
    [problem] = problems_with(**half)
    assert problem.startswith("S3_")


def test_no_reason_repeats_a_secret() -> None:
    problems = problems_with(
        ENVIRONMENT="production", SECRET_KEY="hush", DATABASE_URL="mysql://u:hush@host/db"
    )
    assert "hush" not in str(problems)


def test_development_makes_a_key_once_and_keeps_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first = with_development_secret(settings).secret_key
    assert len(first) >= 32
    assert with_development_secret(settings).secret_key == first
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o077 == 0


def test_every_variable_has_a_meaning() -> None:
    for variable in variables():
        assert re.fullmatch(r"[A-Z][A-Z0-9_]+", variable.name)
        assert len(variable.meaning) > 10


@pytest.mark.usefixtures("work_folder")
def test_the_command_prints_them_with_secrets_masked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET_KEY", STRONG)
    monkeypatch.setenv("DATABASE_URL", "postgresql://rider:hush@db/tripsync")
    monkeypatch.setenv("SMTP_URL", "smtp://mailer:whisper@mail.example.edu:587")
    monkeypatch.setenv("MAIL_FROM", "rides@example.edu")
    monkeypatch.setenv("PORT", "8123")
    assert main(["settings"]) == 0
    printed = capsys.readouterr().out
    assert "PORT=8123" in printed
    assert "SECRET_KEY=********\n" in printed
    assert "DATABASE_URL=postgresql://rider:********@db/tripsync\n" in printed
    assert "SMTP_URL=smtp://mailer:********@mail.example.edu:587\n" in printed
    assert "whisper" not in printed
    assert STRONG not in printed
    assert "hush" not in printed


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("postgresql://db:5433/rides", "postgresql://db:5433/rides"),
        (
            "postgresql:///rides?host=/run/postgresql&password=hush&sslkey=hush",
            "postgresql:///rides?host=/run/postgresql&********&********",
        ),
        ("postgresql://rider:hu:sh@[::1]:5432/x", "postgresql://rider:********@[::1]:5432/x"),
        ("postgresql://rider@one,two/x", "postgresql://rider@one,two/x"),
        (
            "https://push.example.edu/hooks/hush?key=hush",
            "https://push.example.edu********?********",
        ),
        ("http://osrm:5000", "http://osrm:5000"),
        ("no address", "********"),
        ("key://hu sh", "********"),
        ("https://one:hu@sh@host/", "********"),
    ],
)
def test_of_an_address_only_the_place_is_shown(secret: str, shown: str) -> None:
    assert masked(secret) == shown
    assert "hush" not in shown


def test_production_without_a_mail_server_is_warned_of() -> None:
    production = {"ENVIRONMENT": "production", "SECRET_KEY": STRONG}
    [warning] = warnings(Settings.from_environment(production))
    assert warning.startswith("SMTP_URL is empty: mails are put into")
    assert "never leave" in warning
    sends = {
        "SMTP_URL": "smtp://mail.example.edu",
        "MAIL_FROM": "rides@example.edu",
        "API_URL": "https://api.example.edu",
    }
    assert not list(warnings(Settings.from_environment({**production, **sends})))
    assert not list(warnings(Settings()))


@pytest.mark.usefixtures("work_folder")
def test_the_command_refuses_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "eighty")
    monkeypatch.setenv("WORKERS", "many")
    assert main(["settings"]) == 78
    said = capsys.readouterr().err
    assert "PORT: must be a whole number from 0 to 65535" in said
    assert "WORKERS: must be a whole number from 1 to 64" in said


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("PUSH_WEBHOOK_URL", {"PUSH_WEBHOOK_URL": "push.example", "PUSH_WEBHOOK_SECRET": STRONG}),
        ("PUSH_WEBHOOK_SECRET", {"PUSH_WEBHOOK_URL": "https://push.example/hook"}),
        (
            "PUSH_WEBHOOK_SECRET",
            {"PUSH_WEBHOOK_URL": "https://push.example/hook", "PUSH_WEBHOOK_SECRET": "short"},
        ),
        ("METRICS_PORT", {"METRICS_PORT": "7999", "PORT": "8000", "WORKERS": "2"}),
        ("METRICS_PORT", {"METRICS_PORT": "65535", "WORKERS": "2"}),
    ],
)
def test_what_does_not_go_together_is_said(name: str, environment: dict[str, str]) -> None:
    [problem] = problems_with(**environment)
    assert problem.startswith(f"{name}:")


def test_each_worker_has_a_port_for_metrics_where_one_is_asked_for() -> None:
    two = Settings.from_environment({"METRICS_PORT": "9464", "WORKERS": "2"})
    assert list(two.ports_for_metrics) == [9464, 9465]
    assert not Settings.from_environment({"WORKERS": "2"}).ports_for_metrics


# What docker compose makes of it (compose-go's reader of .env files).
AS_COMPOSE_READS_IT = """\
# a comment
PORT=8123

export WORKERS=2
  RATE_LIMITS = off   # not any more
APP_URL=https://rides.example/#home
SMTP_URL='smtp://u:pa$word#1@mail.example'   # a password with all sorts
MAIL_FROM="Rides <rides@djsce.example>"
BACKEND_CORS_ORIGINS=["https://a.example"]
SECRET_KEY=
DATABASE_URL
NOT_OURS=${HOME}
PORT=8124
"""


@pytest.fixture
def work_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with nothing of ours in the environment."""
    for variable in variables():
        monkeypatch.delenv(variable.name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_settings_in_a_file_are_read_as_docker_compose_reads_them(work_folder: Path) -> None:
    file = work_folder / ".env"
    file.write_text(AS_COMPOSE_READS_IT)
    assert read_env_file(file) == {
        "PORT": "8124",
        "WORKERS": "2",
        "RATE_LIMITS": "off",
        "APP_URL": "https://rides.example/#home",
        "SMTP_URL": "smtp://u:pa$word#1@mail.example",
        "MAIL_FROM": "Rides <rides@djsce.example>",
        "BACKEND_CORS_ORIGINS": '["https://a.example"]',
        "SECRET_KEY": "",
    }


def test_the_environment_counts_more_than_the_file(
    work_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (work_folder / ".env").write_text("PORT=8123\nWORKERS=2\nPROXIES=1\n")
    monkeypatch.setenv("WORKERS", "3")
    monkeypatch.setenv("PROXIES", "")
    assert main(["settings"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert {"PORT=8123", "WORKERS=3", "PROXIES=0"} < set(printed)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("SECRET_KEY=hu$sh", "put the value of SECRET_KEY into single quotes"),
        ('SECRET_KEY="hu${sh}"', "put the value of SECRET_KEY into single quotes"),
        ('SECRET_KEY="hush', "write NAME=value"),
        ("=hush", "write NAME=value"),
    ],
)
def test_a_line_that_compose_would_read_otherwise_is_refused_unseen(
    work_folder: Path, capsys: pytest.CaptureFixture[str], line: str, reason: str
) -> None:
    (work_folder / ".env").write_text(f"PORT=8123\n\n{line}\n")
    assert main(["settings"]) == 78
    said = capsys.readouterr().err
    assert said.startswith(f"tripsync: .env:3: {reason}")
    assert "hu" not in said


def test_what_is_no_text_is_refused(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work_folder / ".env").write_bytes(b"PORT=\xff\n")
    assert main(["settings"]) == 78
    assert ".env: cannot be read" in capsys.readouterr().err


def test_a_folder_of_that_name_is_none_of_ours(work_folder: Path) -> None:
    (work_folder / ".env").mkdir()
    assert main(["settings"]) == 0


def test_the_example_is_what_the_settings_are() -> None:
    assert (ROOT / ".env.example").read_text() == example(), (
        "write it anew: tripsync settings --example > .env.example"
    )
    assert GROUPS.keys() <= {each.name for each in variables()}


def test_every_line_of_the_example_can_be_switched_on(work_folder: Path) -> None:
    file = work_folder / ".env"
    file.write_text(re.sub(r"^#(?=[A-Z])", "", example(), flags=re.MULTILINE))
    read = read_env_file(file)
    assert read.keys() == {each.name for each in variables()}
    as_it_comes = Settings(data_dir=Path("var"))
    assert Settings.from_environment(read) == as_it_comes
