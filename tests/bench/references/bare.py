"""Sanic and asyncpg as their tutorials show them: no middleware, no log, no validation.

`/ping` asks nothing. The others check a token: `/row` reads one row by its id, `/rows` a page of
twenty by an index. asyncpg's pool resets a connection after each use, which is a second round trip
that TripSync saves.
"""

import os
from typing import Any

import asyncpg
import jwt
from sanic import HTTPResponse, Request, Sanic
from sanic.response import json

ROW = """
select user_id, college_id, email, full_name, created_at::text
  from users
 where college_id = $1
   and user_id = $2
"""
ROWS = """
select post_id, user_id, kind, title, status, team_size, places_taken, deadline::text,
       compensation_type, price::float8, requires_resume, requires_cover_letter, is_anonymous,
       college_only, tags, location_name, created_at::text
  from service_posts
 where college_id = $1
   and status = 'open'
   and deleted_at is null
 order by created_at desc, post_id desc
 limit 20
"""

app = Sanic("bare", configure_logging=False)


def claims_of(request: Request) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(
        request.token or "",
        os.environ["SECRET_KEY"],
        algorithms=["HS256"],
        audience="tripsync-api",
        issuer="tripsync",
    )
    return claims


@app.before_server_start
async def open_pool(app: Sanic) -> None:
    app.ctx.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=5, max_size=15)


@app.get("/ping")
async def ping(_: Request) -> HTTPResponse:
    return json({"ping": "pong!"})


@app.get("/row")
async def row(request: Request) -> HTTPResponse:
    claims = claims_of(request)
    found = await request.app.ctx.pool.fetchrow(ROW, claims["cid"], claims["uid"])
    return json(dict(found))


@app.get("/rows")
async def rows(request: Request) -> HTTPResponse:
    found = await request.app.ctx.pool.fetch(ROWS, claims_of(request)["cid"])
    return json([dict(each) for each in found])


if __name__ == "__main__":
    app.run(
        os.environ["HOST"],
        int(os.environ["PORT"]),
        single_process=True,
        access_log=False,
        motd=False,
    )
