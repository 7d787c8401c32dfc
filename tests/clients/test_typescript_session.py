"""The TypeScript client signs in, and stays signed in with one refresh at a time."""

import asyncpg

from tests.clients.conftest import RunClient
from tests.conftest import Server, SignUp
from tests.people import PASSWORD, new_email
from tests.profiles.fellow_riders import ban

REFRESH = "/api/auth/refresh"


async def test_somebody_registers_signs_in_and_calls(
    server: Server, run_client: RunClient, college: str
) -> None:
    script = """
    const {email, password, college_name} = given;
    const account = {email, password, college_name, full_name: "Asha Rao"};
    await unwrap(api.POST("/api/auth/register", {body: account}));
    const {data} = await session.logIn({email, password});
    const {data: profile} = await read();
    const kept = await storage.load() !== null;
    tell("read", {type: data.token_type, email: profile.email, kept});
    """
    email = new_email()
    account = {"email": email, "password": PASSWORD, "college_name": college}
    async with run_client(script, server.url, **account) as client:
        assert await client.tells("read") == {"type": "bearer", "email": email, "kept": True}


async def test_a_refusal_is_a_problem_with_a_code(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    const {error, response} = await session.logIn({email: given.email, password: "not this one"});
    tell("answered", {code: error.code, status: response.status, kept: await storage.load()});
    try {
      await unwrap(api.GET("/api/pool/pools/{pool_id}", {params: {path: {pool_id: 1}}}));
    } catch (problem) {
      const {name, code, status, message} = problem;
      tell("thrown", {name, code, status, message});
    }
    """
    rider = await sign_up()
    async with run_client(script, server.url, email=rider.email) as client:
        told = await client.tells("answered")
        assert told == {"code": "wrong_credentials", "status": 401, "kept": None}
        told = await client.tells("thrown")
        assert told == {
            "name": "ProblemError",
            "code": "not_authenticated",
            "status": 401,
            "message": "Could not validate credentials",
        }


async def test_ten_calls_with_a_token_that_is_refused_share_one_refresh(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    await session.accept({...tokens, access_token: "not.a.token"});
    const answers = await Promise.all(Array.from({length: 10}, read));
    tell("answered", {
      statuses: [...new Set(answers.map(({response}) => response.status))],
      calls: countOf("/api/profile/me"),
      refreshes: countOf("/api/auth/refresh"),
      rotated: (await storage.load()).refreshToken !== tokens.refresh_token,
    });
    await read();
    tell("once more", {refreshes: countOf("/api/auth/refresh")});
    """
    async with run_client(script, server.url, await sign_up()) as client:
        told = await client.tells("answered")
        assert told == {"statuses": [200], "calls": 20, "refreshes": 1, "rotated": True}
        assert await client.tells("once more") == {"refreshes": 1}


async def test_a_body_is_sent_again_with_the_new_token(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    await session.accept({...tokens, access_token: "not.a.token"});
    const {data} = await api.PUT("/api/profile/me", {body: {bio: "Early riser."}});
    tell("changed", {bio: data.bio});
    """
    async with run_client(script, server.url, await sign_up()) as client:
        assert await client.tells("changed") == {"bio": "Early riser."}


async def test_a_token_that_is_about_to_expire_is_renewed_before_it_is_refused(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    await session.accept({...tokens, expires_in: 0});
    await Promise.all([read(), read(), read()]);
    tell("sent", {sent});
    """
    async with run_client(script, server.url, await sign_up()) as client:
        assert await client.tells("sent") == {"sent": [REFRESH, *["/api/profile/me"] * 3]}


async def test_whoever_is_signed_out_by_the_server_is_told_once(
    server: Server, run_client: RunClient, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    script = """
    const statuses = async () =>
      (await Promise.all([read(), read()])).map(({response}) => response.status);
    tell("answered", {statuses: await statuses(), kept: await storage.load()});
    tell("answered", {statuses: await statuses(), signedIn: await session.isSignedIn()});
    """
    rider = await sign_up()
    await ban(db, rider)
    async with run_client(script, server.url, rider) as client:
        assert await client.tells("signed out") == {}
        assert await client.tells("answered") == {"statuses": [401, 401], "kept": None}
        assert await client.tells("answered") == {"statuses": [401, 401], "signedIn": False}


async def test_two_tabs_do_not_end_each_others_session(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    """The second one knows a refresh token that the first has used up."""
    script = """
    const known = await session.tokens();
    const other = new TripSync({baseUrl: url, fetch: counted, storage});
    await other.session.accessToken();
    await session.renewed(known);
    await other.session.renewed(known);
    tell("refreshed", {
      refreshes: countOf("/api/auth/refresh"),
      same: await other.session.accessToken() === await session.accessToken(),
    });
    """
    async with run_client(script, server.url, await sign_up()) as client:
        assert await client.tells("refreshed") == {"refreshes": 1, "same": True}


async def test_tabs_that_refresh_at_the_same_moment_take_turns(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    """`navigator.locks` and a store with three methods are what browsers have."""
    script = """
    const kept = new Map();
    const store = {
      getItem: key => kept.get(key) ?? null,
      setItem: (key, value) => { kept.set(key, value); },
      removeItem: key => { kept.delete(key); },
    };
    const tab = () => new TripSync({
      baseUrl: url, fetch: counted,
      storage: client.keyValueStorage(store, {locks: navigator.locks}),
    });
    const tabs = Array.from({length: 5}, tab);
    const known = await tabs[0].session.accept(tokens);
    const renewed = await Promise.all(tabs.map(each => each.session.renewed(known)));
    await tabs[4].session.logOut();
    tell("refreshed", {
      refreshes: countOf("/api/auth/refresh"),
      different: new Set(renewed.map(each => each.accessToken)).size,
      kept: kept.size,
    });
    """
    async with run_client(script, server.url, await sign_up()) as client:
        told = await client.tells("refreshed")
        assert told == {"refreshes": 1, "different": 1, "kept": 0}


async def test_a_refresh_that_another_tab_made_at_the_same_moment_is_taken_over(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    const known = await session.tokens();
    const refused = async () => {
      await session.renewed(known);
      return Response.json({code: "refreshed_meanwhile"}, {status: 409});
    };
    const other = new TripSync({baseUrl: url, fetch: refused, storage});
    const taken = await other.session.renewed(known);
    tell("taken", {same: taken.refreshToken === (await session.tokens()).refreshToken});
    """
    async with run_client(script, server.url, await sign_up()) as client:
        assert await client.tells("taken") == {"same": True}


async def test_a_new_password_keeps_this_device_signed_in(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    const change = {current_password: given.password, new_password: "five herons in a row"};
    const changed = session.changePassword(change);
    const meanwhile = Array.from({length: 5}, read);
    tell("changed", {status: (await changed).response.status});
    const answers = await Promise.all([...meanwhile, read()]);
    tell("answered", {statuses: [...new Set(answers.map(({response}) => response.status))]});
    """
    async with run_client(script, server.url, await sign_up(), password=PASSWORD) as client:
        assert await client.tells("changed") == {"status": 200}
        assert await client.tells("answered") == {"statuses": [200]}


async def test_whoever_signs_out_in_one_tab_is_signed_out_in_the_others(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    const other = new TripSync({baseUrl: url, storage});
    await other.session.logOut();
    const {response} = await read();
    tell("answered", {status: response.status});
    """
    async with run_client(script, server.url, await sign_up()) as client:
        assert await client.tells("signed out") == {}
        assert await client.tells("answered") == {"status": 401}


async def test_signing_out_forgets_the_tokens_and_ends_the_session(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    await session.logOut();
    tell("kept", {kept: await storage.load()});
    """
    rider = await sign_up()
    # A token that has expired ends no session.
    before = "await session.accept({...tokens, access_token: 'not.a.token', expires_in: 0});"
    async with run_client(before + script, server.url, rider) as client:
        assert await client.tells("kept") == {"kept": None}
    assert (await rider.call("GET", "/api/profile/me")).status_code == 401


async def test_a_server_that_is_away_signs_nobody_out(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    let tries = 0;
    const badGateway = async () => {
      tries += 1;
      return new Response("<h1>Bad gateway</h1>", {status: 502});
    };
    const away = new TripSync({baseUrl: url, storage, fetch: badGateway});
    const known = await session.tokens();
    const renewed = Array.from({length: 5}, () => away.session.renewed(known));
    const [{reason: {code}}] = await Promise.allSettled(renewed);
    tell("kept", {code, tries, kept: (await storage.load()).refreshToken === tokens.refresh_token});
    await session.accept({...tokens, expires_in: 0});
    const then = new TripSync({baseUrl: url, storage, fetch: badGateway});
    tell("still good", {same: await then.session.accessToken() === tokens.access_token});
    """
    async with run_client(script, server.url, await sign_up()) as client:
        assert await client.tells("kept") == {"code": "unreadable_answer", "tries": 1, "kept": True}
        assert await client.tells("still good") == {"same": True}


async def test_files_are_sent_as_a_form(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    const file = new Blob(["%PDF-nothing"], {type: "application/pdf"});
    const {error} = await api.POST("/api/profile/me/resume", {
      body: {file}, bodySerializer: client.formOf,
    });
    tell("refused", {code: error.code});
    """
    async with run_client(script, server.url, await sign_up()) as client:
        assert await client.tells("refused") == {"code": "unusable_resume"}
