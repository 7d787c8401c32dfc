"""How long it takes to ask for company where very many wait: POST pool/requests, one at a time.

Each replaces the rider's own older request. Beside PostgreSQL's limit for its two rows; what those
who wait are told is not among them.
"""

import random

from tests.bench.bench import Bench
from tests.bench.campus import Campus
from tests.bench.figures import TIME, Figure
from tests.bench.pgbench import Statement
from tests.bench.target import Ask, Target

RIDERS = 32
RIDES = """
create unlogged table bench_rides as
select row_number() over () as nth, fellow.user_id, start, destination
  from unnest($1::bigint[]) with ordinality as fellow (user_id, nth)
  join (
      select start, destination, row_number() over () as nth
        from (
            select start, destination
              from pooling_requests
             where status = 'active'
             order by random()
             limit $2
        ) as chosen
  ) as ride using (nth)
"""
ROWS = """
with ride as materialized (
    select * from bench_rides where nth = :nth
),
replaced as (
    update pooling_requests p
       set status = 'cancelled',
           cancel_reason = 'rider',
           closed_at = now()
      from ride
     where p.user_id = ride.user_id
       and p.status = 'active'
    returning p.request_id
)
insert into pooling_requests
    (college_id, user_id, start, destination, departure, solo_meters, reach)
select 1, user_id, start, destination, tstzrange(now(), now() + interval '15 minutes', '[]'),
       road_meters(start, destination), reach_box(start, destination, 25)
  from ride
 -- Two that overlap are refused: the older one goes first.
 cross join (select count(*) from replaced) as done;
"""


async def measure(bench: Bench, campus: Campus, where: str) -> list[Figure]:
    figure = Figure(
        f"POST pool/requests, alone, {where}, p50", "pgbench, its rows", TIME, own_goal=4
    )
    riders, others = await campus.enrol(RIDERS), await campus.enrol(RIDERS)
    # Each moves to where somebody waits already.
    await campus.as_owner(RIDES, [each["user_id"] for each in others], RIDERS)
    rides = await campus.as_owner("select start, destination from bench_rides")
    asks = [
        Ask(
            "/api/pool/requests",
            campus.token(rider),
            {
                "start_longitude": ride["start"].x,
                "start_latitude": ride["start"].y,
                "destination_longitude": ride["destination"].x,
                "destination_latitude": ride["destination"].y,
            },
        )
        for rider, ride in zip(riders, random.sample(rides, len(rides)), strict=True)
    ]
    rows = Statement(campus, ROWS, RIDERS)
    with campus.tripsync() as server:
        ours = Target(server, asks)
        await ours.ceiling(bench, connections=1)
        for _ in bench.rounds("asking for company"):
            told = await ours.ceiling(bench, connections=1)
            figure.note(told.p50, (await rows.ceiling(bench, connections=1)).p50)
    return [figure]
