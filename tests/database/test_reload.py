"""Edited queries go live between requests, in all workers or in none."""

import asyncio
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from sanic import HTTPResponse, Request, Sanic

from tests.conftest import Server
from tests.people import numbers
from tests.processes import Process, copy_of_the_project, tripsync
from tests.waiting import PATIENCE, number_of_listeners, until, until_listening
from tripsync.app import create_app
from tripsync.database import Database, reload
from tripsync.database.files import SQL
from tripsync.database.listener import ANYTHING, Listener
from tripsync.database.migrations import migrate
from tripsync.database.queries import load_queries
from tripsync.database.reload import LiveQueries, ReloadError, reload_everywhere
from tripsync.http.context import reading, run_in_transaction
from tripsync.http.responses import respond
from tripsync.serving.process import bind, serving
from tripsync.settings import Settings

NOTE = "-- name: {name}()$\n-- Which edition of the file this is.\nselect {edition}::int;\n"
ANSWERING_REQUESTS = {file.name for file in SQL.glob("*.sql")} - {
    "channels.sql",
    "desk.sql",
    "events.sql",
    "positions.sql",
    "sessions.sql",
}


def edition(folder: Path, number: int) -> None:
    """Two query files that tell their edition, and must tell the same."""
    for name in ("first", "second"):
        (folder / f"{name}.sql").write_text(NOTE.format(name="tell", edition=number))


@pytest.fixture(autouse=True)
def patient_reloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for a reload waits for all servers, as long as a busy machine takes."""
    monkeypatch.setattr(reload, "ALL_ANSWER_WITHIN", PATIENCE)


def ignore_at_the_top(folder: str, names: list[str]) -> set[str]:
    """Files of functions may be named alike, and all of them are there."""
    return ANSWERING_REQUESTS & set(names) if Path(folder) == SQL else set()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Query files to edit: beside two editions, what a server calls without being asked."""
    copy = tmp_path / "sql"
    # Each reload checks all that there are, in each server.
    shutil.copytree(SQL, copy, ignore=ignore_at_the_top)
    edition(copy, 0)
    return copy


@asynccontextmanager
async def running(settings: Settings, folder: Path) -> AsyncIterator[Server]:
    """A server with an endpoint that asks both files, with a while between."""
    Sanic.test_mode = True
    few = msgspec.structs.replace(settings, jobs="off", database_pool_min=1, database_pool_max=5)
    app = create_app(few, name=f"tripsync-{next(numbers)}", sql=folder)

    @app.get("/editions")
    async def editions(request: Request) -> HTTPResponse:
        one = await reading(request).first.tell()
        await asyncio.sleep(0.002)
        other = await run_in_transaction(request, lambda db: db.second.tell())
        return respond([one, other], 200)

    sock = bind(few)
    listening = await number_of_listeners(few.database_url)
    async with serving(app, sock):
        # Read at the start, as all of them are.
        app.ctx.resources[Database].queries = load_queries(folder)
        await until_listening(few.database_url, listening + 1)
        yield Server(app, sock)


@pytest.fixture
def production(settings: Settings, empty_database: str) -> Settings:
    """Nothing follows by itself there; and nobody else listens on this database."""
    migrate(empty_database)
    return msgspec.structs.replace(settings, environment="production", database_url=empty_database)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_fifty_reloads_under_load_fail_no_request_and_mix_nothing(
    production: Settings, folder: Path
) -> None:
    async with running(production, folder) as one, running(production, folder) as other:
        seen: Counter[int] = Counter()
        over = asyncio.Event()

        async def ask(server: Server) -> None:
            async with server.client() as client:
                while not over.is_set():
                    got = await client.get("/editions")
                    assert got.status_code == 200, got.text
                    first, second = got.json()
                    assert first == second
                    seen[first] += 1
                    # All of this is one process: leave the reload something of it.
                    await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as load:
            for server in (one, other):
                for _ in range(3):
                    load.create_task(ask(server))
            for number in range(1, 51):
                edition(folder, number)
                if number % 2:
                    assert await reload_everywhere(production.database_url, folder) == 2
                else:
                    (folder / "second.sql").write_text(
                        NOTE.format(name="tell", edition="no_such_column")
                    )
                    with pytest.raises(ReloadError, match="no_such_column"):
                        await reload_everywhere(production.database_url, folder)
                reached = number if number % 2 else number - 1
                asked = seen[reached]
                await until(lambda: seen[reached] > asked, within=300)  # noqa: B023
            over.set()
        assert set(seen) <= {0, *range(1, 51, 2)}
        assert len(seen) > 20


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("-- name: tell()$\nselect 1;\n", "lacks its doc line"),
        (NOTE.format(name="tell", edition="x"), 'column "x" does not exist'),
        (NOTE.format(name="say", edition="1"), "second.tell is gone"),
        (
            "-- name: tell(n)$\n-- Which.\nselect :n::int;\n",
            "second.tell takes other parameters",
        ),
    ],
)
async def test_what_is_wrong_is_told_and_not_taken(
    production: Settings, folder: Path, text: str, told: str
) -> None:
    async with running(production, folder) as server, httpx.AsyncClient(timeout=PATIENCE) as client:
        edition(folder, 7)
        (folder / "second.sql").write_text(text)
        with pytest.raises(ReloadError, match=told):
            await reload_everywhere(production.database_url, folder)
        assert (await client.get(f"{server.url}/editions")).json() == [0, 0]


async def test_one_worker_that_has_other_files_keeps_all_from_changing(
    production: Settings, folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(folder, elsewhere)
    async with (
        running(production, folder) as one,
        running(production, elsewhere) as other,
        httpx.AsyncClient(timeout=PATIENCE) as client,
    ):
        edition(folder, 7)
        with pytest.raises(ReloadError, match="copy the new ones to every host"):
            await reload_everywhere(production.database_url, folder)
        edition(elsewhere, 7)
        assert await reload_everywhere(production.database_url, folder) == 2
        for server in (one, other):
            assert (await client.get(f"{server.url}/editions")).json() == [7, 7]


async def test_where_no_server_runs_there_is_nothing_to_reload(
    production: Settings, folder: Path
) -> None:
    with pytest.raises(ReloadError, match="no server runs"):
        await reload_everywhere(production.database_url, folder)


async def test_a_second_reload_at_the_same_time_is_refused(
    production: Settings, folder: Path
) -> None:
    async with running(production, folder):
        both = await asyncio.gather(
            *(reload_everywhere(production.database_url, folder) for _ in range(2)),
            return_exceptions=True,
        )
    assert sorted(str(each) for each in both)[0] == "1"
    assert any("another reload is under way" in str(each) for each in both)


async def test_in_development_an_edit_is_live_at_the_next_request(
    settings: Settings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(reload, "LOOK_AT_MOST_EVERY", 0.0)
    async with running(settings, folder) as server, httpx.AsyncClient(timeout=PATIENCE) as client:
        edition(folder, 5)
        assert (await client.get(f"{server.url}/editions")).json() == [5, 5]
        (folder / "second.sql").write_text(NOTE.format(name="tell", edition="oops"))
        assert (await client.get(f"{server.url}/editions")).json() == [5, 5]
        assert 'column "oops" does not exist' in caplog.text
        edition(folder, 6)
        assert (await client.get(f"{server.url}/editions")).json() == [6, 6]


async def test_what_was_missed_is_looked_at_again_until_the_database_can_be_asked(
    production: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "TRY_AGAIN_AFTER", 0.01)
    load = reload.load
    failures = [ConnectionRefusedError(), TimeoutError()]

    async def fail_at_first(folder: Path) -> reload.Files:
        if failures:
            raise failures.pop()
        return await load(folder)

    async with running(production, folder) as server, httpx.AsyncClient(timeout=PATIENCE) as client:
        monkeypatch.setattr(reload, "load", fail_at_first)
        database = server.app.ctx.resources[Database]
        listener = Listener(production.database_url, database.availability)
        LiveQueries(database, folder).attach(listener)
        edition(folder, 7)
        # As when its connection is found again.
        listener.dispatch(reload.ASKED, ANYTHING)

        async def is_live() -> bool:
            return bool((await client.get(f"{server.url}/editions")).json() == [7, 7])

        await until(is_live)
    assert not failures


FUNCTION = """\
-- Which edition of the file this is.
create or replace function told_edition() returns {type} language sql stable
return (select {edition} from colleges limit 1);
"""


def edition_of_function(folder: Path, number: object, *, gives: str = "int") -> None:
    """Both queries ask a function, which tells the edition."""
    (folder / "functions" / "edition.sql").write_text(FUNCTION.format(edition=number, type=gives))
    for name in ("first", "second"):
        (folder / f"{name}.sql").write_text(NOTE.format(name="tell", edition="told_edition()"))


async def editions(*servers: Server) -> list[list[int]]:
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        return [(await client.get(f"{server.url}/editions")).json() for server in servers]


async def test_an_edited_function_is_live_in_all_workers_or_in_none(
    production: Settings, folder: Path, tmp_path: Path
) -> None:
    url = production.database_url
    elsewhere = tmp_path / "elsewhere"
    async with running(production, folder) as one, running(production, folder) as other:
        edition_of_function(folder, 3)
        assert await reload_everywhere(url, folder) == 2
        assert await editions(one, other) == [[3, 3], [3, 3]]
        edition_of_function(folder, 4)
        assert await reload_everywhere(url, folder) == 2
        assert await editions(one, other) == [[4, 4], [4, 4]]
        # What it gives is of another type: it cannot be replaced, and statements are prepared.
        edition_of_function(folder, 5, gives="bigint")
        assert await reload_everywhere(url, folder) == 2
        assert await editions(one, other) == [[5, 5], [5, 5]]
        edition_of_function(folder, "no_such_column", gives="bigint")
        with pytest.raises(ReloadError, match=r"edition\.sql:3:16: error: .*no_such_column"):
            await reload_everywhere(url, folder)
        edition_of_function(folder, "array[6]", gives="int[]")
        with pytest.raises(ReloadError, match=r"cannot cast type integer\[\] to integer"):
            await reload_everywhere(url, folder)
        shutil.copytree(folder, elsewhere)
        one.app.ctx.resources[LiveQueries]._folder = elsewhere
        edition_of_function(folder, 7)
        with pytest.raises(ReloadError, match="copy the new ones to every host"):
            await reload_everywhere(url, folder)
        assert await editions(one, other) == [[5, 5], [5, 5]]
        edition_of_function(elsewhere, 7)
        assert await reload_everywhere(url, folder) == 2
        assert await editions(one, other) == [[7, 7], [7, 7]]


async def test_a_function_that_queries_lose_is_not_dropped(
    production: Settings, folder: Path
) -> None:
    async with running(production, folder) as server:
        edition_of_function(folder, 3)
        await reload_everywhere(production.database_url, folder)
        (folder / "functions" / "edition.sql").unlink()
        with pytest.raises(ReloadError, match=r"function told_edition\(\) does not exist"):
            await reload_everywhere(production.database_url, folder)
        assert await editions(server) == [[3, 3]]
        edition(folder, 4)
        await reload_everywhere(production.database_url, folder)
        assert await editions(server) == [[4, 4]]
        functions = "select to_regprocedure('told_edition()') is null"
        assert await server.app.ctx.resources[Database].pool.fetchval(functions)


async def test_in_development_an_edited_function_is_live_at_the_next_request(
    production: Settings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(reload, "LOOK_AT_MOST_EVERY", 0.0)
    development = msgspec.structs.replace(production, environment="development")
    async with running(development, folder) as one, running(development, folder) as other:
        for number, gives in ((5, "int"), (6, "int"), (7, "bigint"), (8, "smallint")):
            edition_of_function(folder, number, gives=gives)
            assert await editions(one, other) == [[number, number]] * 2
        edition_of_function(folder, "oops", gives="smallint")
        assert await editions(one, other) == [[8, 8]] * 2
        assert 'edition.sql:3:16: error: column "oops" does not exist' in caplog.text
        edition_of_function(folder, 9)
        assert await editions(one, other) == [[9, 9]] * 2


async def test_a_server_in_production_makes_no_function_by_itself(
    production: Settings, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(production, folder) as server:
        database = server.app.ctx.resources[Database]
        listener = Listener(production.database_url, database.availability)
        LiveQueries(database, folder).attach(listener)
        edition_of_function(folder, 7)
        listener.dispatch(reload.ASKED, ANYTHING)
        await until(lambda: "`tripsync sql reload` makes them" in caplog.text)
        assert await editions(server) == [[0, 0]]


@contextmanager
def deployed(tmp_path: Path, data_dir: Path, url: str, *arguments: str) -> Iterator[Process]:
    """The command in production, with files that can be edited."""
    environment = {
        "DATABASE_URL": url,
        "ENVIRONMENT": "production",
        "SECRET_KEY": "a key for the tests of the desk, long enough",
        "PYTHONPATH": str(tmp_path),
    }
    with tripsync(*arguments, data_dir=data_dir, cwd=tmp_path, **environment) as process:
        yield process


@pytest.mark.parametrize("by", ["command", "hangup"])
async def test_a_deployed_server_takes_what_was_edited(
    tmp_path: Path, data_dir: Path, empty_database: str, by: str
) -> None:
    migrate(empty_database)
    copy_of_the_project(tmp_path)
    with deployed(tmp_path, data_dir, empty_database, "serve", "--workers", "2") as server:
        address = await server.address()
        # One that still starts would read what was edited by itself.
        await until_listening(empty_database, 2)
        queries = tmp_path / "sql" / "colleges.sql"
        text = queries.read_text()
        queries.write_text(text.replace("       name,\n", "       name || '!' as name,\n"))
        assert queries.read_text() != text

        async def shows() -> bool:
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                answers = [await client.get(f"{address}/api/colleges") for _ in range(10)]
            return all('"DJSCE!"' in each.text for each in answers)

        assert not await shows()
        if by == "command":
            with deployed(tmp_path, data_dir, empty_database, "sql", "reload") as reload:
                assert await reload.exit_code() == 0, reload.said
                assert "live in 2 workers" in reload.said
            assert await shows()
        else:
            server.send(signal.SIGHUP)
            await until(shows)
        queries.write_text(text.replace("       name,\n", "       nam,\n"))
        with deployed(tmp_path, data_dir, empty_database, "sql", "reload") as reload:
            assert await reload.exit_code() == 1
            assert "sql/colleges.sql:" in reload.said
            assert "nothing was changed" in reload.said
        assert await shows()
