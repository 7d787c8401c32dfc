-- Rides: where riders live, whom they ride with, and half a year of commuting.
--
-- Hubs are few and popular, other homes anywhere; distances from the campus are log-normal. Three
-- neighbours by direction are a crew: they pass by each other's homes, so what they share is a good
-- ride. A crew rides often together, and each rider now and then asked alone.

create unlogged table seeding.hubs as
select college_id,
       rank,
       (array['North', 'South', 'East', 'West', 'Old', 'New', 'Lake', 'Hill', 'Mill', 'Garden'])[1 + rank % 10]
           || ' '
           || (array['Market', 'Junction', 'Station', 'Gardens', 'Colony', 'Cross'])[1 + rank / 10 % 6] as name,
       seeding.beside(place, meters * sin(direction), meters * cos(direction)) as place
  from seeding.colleges
 cross join generate_series(1, 60) as rank
 cross join lateral (
           select exp(ln(6000) + 0.6 * seeding.normal(college_id * 100 + rank, 'hub''s distance')) as meters,
                  2 * pi() * seeding.dice(college_id * 100 + rank, 'hub''s direction') as direction
       ) as way;

create unlogged table seeding.homes as
select riders.*,
       hubs.rank as hub,
       case when hubs.rank is not null then hubs.name else '' end as home_name,
       case when hubs.rank is not null
            then seeding.beside(hubs.place, 400 * seeding.normal(n, 'east'), 400 * seeding.normal(n, 'north'))
            else seeding.beside(campus, meters * sin(direction), meters * cos(direction)) end as home
  from seeding.riders
 cross join lateral (
           select exp(ln(7000) + 0.6 * seeding.normal(n, 'distance')) as meters,
                  2 * pi() * seeding.dice(n, 'direction') as direction
       ) as way
  left join seeding.hubs on hubs.college_id = riders.college_id
                        and hubs.rank = seeding.zipf(n, 'hub', 60)
                        and seeding.dice(n, 'at a hub') < 0.75;

create unlogged table seeding.crews as
select college_id,
       n,
       user_id,
       dense_rank() over (order by college_id, (nth_around + 2) / 3) as crew,
       (nth_around + 2) % 3 + 1 as seat
  from (
      select college_id,
             n,
             user_id,
             row_number() over (
                 partition by college_id
                 order by atan2(home[0] - campus[0], home[1] - campus[1]), n
             ) as nth_around
        from seeding.homes
  ) as around;

create unique index on seeding.homes (n);
create unique index on seeding.crews (n);
create index on seeding.crews (crew);
analyze seeding.hubs, seeding.homes, seeding.crews;

-- The next morning rush of each college, at least ten minutes from now.
create unlogged table seeding.rushes as
select college_id,
       min(moment) as begins_at
  from seeding.colleges
 cross join generate_series(0, 1) as days
 cross join lateral (
           select (date_trunc('day', now() at time zone time_zone) + days * interval '1 day'
                      + interval '8 hours 20 minutes') at time zone time_zone as moment
       ) as morning
 where moment > now() + interval '10 minutes'
 group by college_id;

-- A working day of the last half year, recent ones more often, and a moment in one of its rush hours.
create function seeding.past_rush(n bigint, to_campus boolean, time_zone text) returns timestamptz
language sql stable parallel safe
return (
    select (day
               - interval '1 day' * greatest(0, extract(isodow from day) - 5)
               + case when to_campus then interval '8 hours 40 minutes' + interval '35 minutes' * leaves
                      else interval '17 hours 20 minutes' + interval '60 minutes' * leaves end)
           at time zone time_zone
      from (
          select date_trunc('day', now() at time zone time_zone)
                     - interval '1 day' * (1 + floor(180 * power(seeding.dice(n, 'day'), 1.4))) as day,
                 greatest(-3, least(3, seeding.normal(n, 'leaves'))) as leaves
      ) as drawn
);

-- The rides that crews shared: often or seldom, log-normal. Every fortieth crew is on its way right now,
-- every tenth leaves at the next rush.
create unlogged table seeding.shared_rides as
select crew * 512 + nth_ride as nth,
       crew,
       college_id,
       to_campus,
       seeding.past_rush(crew * 512 + nth_ride, to_campus, time_zone) as leaves_at,
       case when seeding.dice(crew * 512 + nth_ride, 'ends well') < 0.92 then 'completed' else 'cancelled' end as state,
       -- In the car of the first, or in a cab.
       seeding.dice(crew * 512 + nth_ride, 'in a car') < 0.2 as drives,
       -- Now and then one stays at home.
       case when seeding.dice(crew * 512 + nth_ride, 'all three') < 0.6 then 3 else 2 end as riders
  from seeding.crews
  join seeding.colleges using (college_id)
 cross join lateral generate_series(
           1, least(120, floor(exp(ln(5) + 0.8 * seeding.normal(crew, 'how often'))))::integer
       ) as nth_ride
 cross join lateral (select seeding.dice(crew * 512 + nth_ride, 'where to') < 0.55 as to_campus) as direction
 -- Who comes second has company.
 where seat = 2
 union all
select crew * 512,
       crew,
       college_id,
       true,
       case when crew % 40 = 1 then now() - interval '10 minutes'
            else begins_at + interval '25 minutes' * seeding.dice(crew, 'leaves next') end,
       case when crew % 40 = 1 then 'started' else 'open' end,
       false,
       3
  from seeding.crews
  join seeding.rushes using (college_id)
 where seat = 2
   and (crew % 40 = 1 or crew % 10 = 4);

-- Who wants to go where, and when; at `ride`, with whom.
create unlogged table seeding.trips (
    nth           bigint      not null,
    n             integer     not null,
    ride          bigint,
    to_campus     boolean     not null,
    -- Another end than the campus.
    hub           integer,
    status        text        not null,
    cancel_reason text,
    drives        boolean     not null,
    leaves_at     timestamptz not null,
    patience      interval    not null
);

insert into seeding.trips
select shared_rides.nth * 4 + seat,
       n,
       shared_rides.nth,
       to_campus,
       null,
       case when state in ('open', 'started') then 'matched' else state end,
       case when state = 'cancelled' then case when seat = 1 then 'rider' else 'partner_left' end end,
       drives and seat = 1,
       leaves_at,
       interval '20 minutes' * (1 + seeding.dice(shared_rides.nth * 4 + seat, 'patience'))
  from seeding.shared_rides
  join seeding.crews using (crew)
 where seat <= riders;

-- Those who found nobody.
insert into seeding.trips
select -(n * 256 + nth_trip),
       n,
       null,
       to_campus,
       case when seeding.dice(n * 256 + nth_trip, 'somewhere else') < 0.2
            then seeding.zipf(n * 256 + nth_trip, 'where', 60) end,
       'cancelled',
       case when seeding.dice(n * 256 + nth_trip, 'gave up') < 0.35 then 'rider' else 'expired' end,
       seeding.dice(n * 256 + nth_trip, 'drives') < 0.1,
       seeding.past_rush(-(n * 256 + nth_trip), to_campus, time_zone),
       interval '10 minutes' * (1 + 5 * seeding.dice(n * 256 + nth_trip, 'patience'))
  from seeding.riders
 cross join lateral generate_series(
           1, least(100, floor(exp(ln(2.5) + 0.8 * seeding.normal(n, 'how often alone'))))::integer
       ) as nth_trip
 cross join lateral (select seeding.dice(n * 256 + nth_trip, 'where to') < 0.55 as to_campus) as direction;

-- Those who ask right now, for the next rush.
insert into seeding.trips
select -(n * 256),
       n,
       null,
       true,
       null,
       'active',
       null,
       seeding.dice(n, 'drives') < 0.1,
       begins_at + interval '20 minutes' * seeding.dice(n, 'leaves next'),
       interval '10 minutes' * (3 + 3 * seeding.dice(n, 'patience'))
  from seeding.crews
  join seeding.rushes using (college_id)
 where seeding.dice(n, 'asks now') < 0.15
   and crew % 40 <> 1
   and crew % 10 <> 4;

-- Some of those, and of those who share that rush, have planned the way back too.
insert into seeding.trips
select -(n * 256 + 255),
       n,
       null,
       false,
       null,
       'active',
       null,
       false,
       begins_at + interval '9 hours' + interval '40 minutes' * seeding.dice(n, 'leaves back'),
       interval '10 minutes' * (3 + 3 * seeding.dice(n, 'patience back'))
  from seeding.crews
  join seeding.rushes using (college_id)
 where seeding.dice(n, 'plans the way back') < 0.05;

-- As requests, in the order in which they were made.
create unlogged table seeding.requests as
select nextval(pg_get_serial_sequence('pooling_requests', 'request_id')) as request_id,
       asked.*
  from (
      select trips.*,
             homes.college_id,
             homes.user_id,
             least(
                 leaves_at - interval '20 minutes' - interval '10 hours' * power(seeding.dice(trips.nth, 'asked'), 3),
                 now() - interval '3 hours' * seeding.dice(trips.nth, 'asked')
             ) as created_at,
             case when to_campus then home else other_end end as start,
             case when to_campus then other_end else home end as destination,
             case when to_campus then home_name else other_name end as start_name,
             case when to_campus then other_name else home_name end as destination_name
        from seeding.trips
        join seeding.homes using (n)
        left join seeding.hubs on hubs.college_id = homes.college_id and hubs.rank = trips.hub
       cross join lateral (
                 select coalesce(hubs.place, campus) as other_end,
                        coalesce(hubs.name, 'Campus') as other_name
             ) as elsewhere
       order by created_at
  ) as asked;

create unique index on seeding.requests (request_id);
create index on seeding.requests (ride);
create index on seeding.requests (n);
analyze seeding.shared_rides, seeding.requests;

insert into pooling_requests (
    request_id, college_id, user_id, status, cancel_reason, start, destination, start_name, destination_name,
    departure, seats, detour_percent, role, seats_offered, same_gender, quiet, no_smoking, luggage, auto_match,
    note, solo_meters, reach, created_at, closed_at
)
overriding system value
select request_id,
       college_id,
       user_id,
       status,
       cancel_reason,
       start,
       destination,
       start_name,
       destination_name,
       tstzrange(leaves_at, leaves_at + patience, '[]'),
       case when ride is null and seeding.dice(nth, 'seats') < 0.1 then 2 else 1 end,
       detour_percent,
       case when drives then 'driver' else 'rider' end,
       case when drives then 3 end,
       false,
       seeding.dice(nth, 'quiet') < 0.1,
       seeding.dice(nth, 'smoke') < 0.3,
       seeding.dice(nth, 'luggage') < 0.1,
       seeding.dice(nth, 'auto') < 0.3,
       case when seeding.dice(nth, 'has a note') < 0.1 then seeding.chatter(nth, 1) else '' end,
       road_meters(start, destination),
       reach_box(start, destination, detour_percent),
       created_at,
       case when status in ('completed', 'cancelled')
            then case when ride is not null then leaves_at + interval '1 hour'
                      when cancel_reason = 'expired' then leaves_at + patience
                      else created_at + (leaves_at - created_at) * seeding.dice(nth, 'gave up when') end end
  from seeding.requests
 cross join lateral (
           select (array[25, 25, 25, 25, 10, 15, 40, 60])[1 + floor(8 * seeding.dice(nth, 'detour'))::integer] as detour_percent
       ) as cap
 order by request_id;

-- The pools of those who share.
create unlogged table seeding.pools as
select nextval(pg_get_serial_sequence('pools', 'pool_id')) as pool_id,
       begun.*
  from (
      select rides.nth,
             rides.college_id,
             rides.crew,
             rides.to_campus,
             rides.state,
             rides.leaves_at,
             max(requests.created_at) + (least(rides.leaves_at, now()) - max(requests.created_at))
                 * seeding.dice(rides.nth, 'agreed') as created_at
        from seeding.shared_rides as rides
        join seeding.requests on requests.ride = rides.nth
       group by rides.nth,
                rides.college_id,
                rides.crew,
                rides.to_campus,
                rides.state,
                rides.leaves_at
       order by created_at
  ) as begun;

create unique index on seeding.pools (pool_id);
create unique index on seeding.pools (nth);
analyze seeding.pools;

insert into pools (
    pool_id, college_id, status, capacity, estimated_fare, meeting_note, created_at, started_at, closed_at
)
overriding system value
select pool_id,
       college_id,
       state,
       4,
       case when seeding.dice(nth, 'fare is known') < 0.6
            then round((80 * exp(0.5 * seeding.normal(nth, 'fare')))::numeric) end,
       case when seeding.dice(nth, 'has a note') < 0.2 then 'At the main gate.' else '' end,
       created_at,
       case when state in ('started', 'completed') then leaves_at + interval '5 minutes' end,
       case when state in ('completed', 'cancelled') then leaves_at + interval '1 hour' end
  from seeding.pools
 order by pool_id;

-- On the way to the campus who lives furthest is picked up first, on the way back dropped last.
insert into pool_stops (college_id, pool_id, position, request_id, kind, meters)
select college_id,
       pool_id,
       position,
       request_id,
       kind,
       sum(leg) over (partition by pool_id order by position)
  from (
      select stops.*,
             case when position > 1 then road_meters(lag(place) over route, place) else 0 end as leg
        from (
            select pools.college_id,
                   pools.pool_id,
                   requests.request_id,
                   kind,
                   case kind when 'pickup' then start else destination end as place,
                   row_number() over (
                       partition by pools.pool_id
                       order by kind = 'drop',
                                road_meters(start, destination) * case when requests.to_campus = (kind = 'pickup') then -1 else 1 end,
                                request_id
                   ) as position
              from seeding.pools
              join seeding.requests on requests.ride = pools.nth
             cross join (values ('pickup'), ('drop')) as stop (kind)
        ) as stops
      window route as (partition by pool_id order by position)
  ) as legs;

analyze pool_stops;

-- A pool that was dissolved has let everybody out. A trigger counts the seats, and lets each member
-- take part in the pool's conversation.
insert into pool_members (
    college_id, pool_id, request_id, user_id, seats, solo_meters, shared_meters, fare_percent, joined_at, left_at
)
select pools.college_id,
       pools.pool_id,
       requests.request_id,
       requests.user_id,
       1,
       alone.meters,
       aboard.meters,
       coalesce(100 * alone.meters / nullif(sum(alone.meters) over (partition by pools.pool_id), 0), 50),
       pools.created_at,
       case when pools.state = 'cancelled' then pools.leaves_at + interval '1 hour' end
  from seeding.pools
  join seeding.requests on requests.ride = pools.nth
 cross join lateral (select road_meters(start, destination) as meters) as alone
 cross join lateral (
           select max(stop.meters) - min(stop.meters) as meters
             from pool_stops stop
            where stop.pool_id = pools.pool_id
              and stop.request_id = requests.request_id
       ) as aboard
 order by pools.pool_id,
          requests.request_id;

-- Within a pool the first has asked the others, and was approved. Of those who ride alone, some
-- asked somebody who said no, or took it back; some wait for an answer now.
insert into connections (
    connection_id, college_id, from_request, to_request, from_user, to_user, status, created_at, answered_at
)
overriding system value
select nextval(pg_get_serial_sequence('connections', 'connection_id')),
       asked.*
  from (
      select one.college_id,
             one.request_id as from_request,
             other.request_id as to_request,
             one.user_id as from_user,
             other.user_id as to_user,
             'approved' as status,
             pools.created_at - (pools.created_at - greatest(one.created_at, other.created_at))
                 * seeding.dice(other.nth, 'was asked') as created_at,
             pools.created_at as answered_at
        from seeding.pools
        join seeding.requests as one on one.ride = pools.nth
        join seeding.crews on crews.n = one.n and crews.seat = 1
        join seeding.requests as other on other.ride = pools.nth and other.n <> one.n
       union all
      select college_id,
             request_id,
             next_request,
             user_id,
             next_user,
             case when status = 'active' then 'pending'
                  when seeding.dice(nth, 'the answer') < 0.7 then 'rejected'
                  else 'withdrawn' end,
             greatest(created_at, next_created_at),
             case when status <> 'active' then greatest(created_at, next_created_at) + interval '15 minutes' end
        from (
            select requests.*,
                   lead(request_id) over neighbours as next_request,
                   lead(requests.user_id) over neighbours as next_user,
                   lead(created_at) over neighbours as next_created_at
              from seeding.requests
              join seeding.crews using (n)
             where ride is null
            window neighbours as (
                       partition by requests.college_id, status, leaves_at::date
                       order by crews.crew, request_id
                   )
        ) as alone
       where user_id <> next_user
         and seeding.dice(nth, 'asks somebody') < 0.25
       order by created_at
  ) as asked;

-- Pairs whose riders may see each other again: a timer looks at them within seconds.
insert into second_looks (college_id, one_request, other_request)
select college_id,
       least(from_request, to_request),
       greatest(from_request, to_request)
  from connections
 where status = 'pending'
   and seeding.dice(connection_id, 'second look') < 0.2;

-- Weekly rides: to the campus in the morning, or home in the evening.
insert into recurring_rides (
    college_id, user_id, weekdays, departs_at, window_minutes, ends_on, exception_dates, paused_at, next_opens_at,
    start, destination, start_name, destination_name, seats, detour_percent, role, seats_offered,
    same_gender, quiet, no_smoking, luggage, auto_match, created_at
)
select college_id,
       user_id,
       weekdays,
       departs_at,
       30,
       case when n % 5 = 0 then current_date + 90 end,
       case when n % 7 = 0 then array[current_date + 14] else '{}' end,
       case when paused then now() - interval '10 days' * seeding.dice(n, 'paused') end,
       case when not paused then (
           -- Two hours before the next departure that lies more than two hours ahead.
           select min(opens_at)
             from generate_series(0, 8) as days
            cross join lateral (
                      select date_trunc('day', now() at time zone time_zone) + days * interval '1 day' as day
                  ) as calendar
            cross join lateral (
                      select (day + departs_at) at time zone time_zone - interval '2 hours' as opens_at
                  ) as opening
            where to_char(day, 'FMday') = any(weekdays)
              and opens_at > now() + interval '5 minutes'
       ) end,
       case when to_campus then home else campus end,
       case when to_campus then campus else home end,
       case when to_campus then home_name else 'Campus' end,
       case when to_campus then 'Campus' else home_name end,
       1,
       25,
       'rider',
       null,
       false,
       false,
       false,
       false,
       n % 3 = 0,
       joined_at
  from seeding.homes
 cross join lateral (
           select seeding.dice(n, 'weekly to campus') < 0.6 as to_campus,
                  seeding.dice(n, 'pauses') < 0.2 as paused,
                  (array['monday', 'tuesday', 'wednesday', 'thursday', 'friday'])[
                      1 + n % 3 : 3 + n % 3
                  ] as weekdays
       ) as pattern
 cross join lateral (
           select case when to_campus then time '08:30' else time '17:15' end
                      + interval '5 minutes' * floor(6 * seeding.dice(n, 'departs')) as departs_at
       ) as clock
 where seeding.dice(n, 'rides weekly') < 0.15;

-- One date each of some that is later than the pattern says, and what became of earlier dates.
insert into recurring_changes (college_id, recurring_id, occurs_on, departs_at, window_minutes)
select college_id,
       recurring_id,
       current_date + 7 + ((7 + 1 - extract(isodow from current_date)::integer) % 7),
       departs_at + interval '30 minutes',
       30
  from recurring_rides
  join seeding.riders using (college_id, user_id)
 where 'monday' = any(weekdays)
   and n % 4 = 0;

insert into recurring_openings (college_id, recurring_id, occurs_on, request_id, skipped_because, decided_at)
select distinct on (recurring_id, (leaves_at at time zone time_zone)::date)
       weekly.college_id,
       weekly.recurring_id,
       (leaves_at at time zone time_zone)::date,
       case when skipped_because is null then request_id end,
       skipped_because,
       leaves_at - interval '2 hours'
  from recurring_rides weekly
  join seeding.riders using (college_id, user_id)
  join seeding.requests using (n)
 cross join lateral (
           select case when seeding.dice(requests.nth, 'skipped') < 0.1 then 'busy'
                       when seeding.dice(requests.nth, 'skipped') < 0.12 then 'late' end as skipped_because
       ) as outcome
 where requests.status in ('completed', 'cancelled')
 order by recurring_id,
          (leaves_at at time zone time_zone)::date,
          request_id;

-- Saved searches around one's way to the campus, and what they found among neighbours.
insert into saved_searches (
    college_id, user_id, name, start, start_radius_meters, destination, destination_radius_meters,
    weekdays, day_from, day_until, mail_me, expires_at, created_at
)
select college_id,
       user_id,
       'To the campus' || case when home_name <> '' then ' from ' || home_name else '' end,
       home,
       500 * seeding.zipf(n, 'radius', 6),
       campus,
       500,
       case when n % 4 = 0 then array['monday', 'friday'] end,
       case when n % 2 = 0 then time '07:00' end,
       case when n % 2 = 0 then time '11:00' end,
       n % 3 = 0,
       case when n % 2 = 0 then now() + interval '60 days' * seeding.dice(n, 'search expires') end,
       joined_at + (now() - joined_at) * seeding.dice(n, 'searches since')
  from seeding.homes
 where seeding.dice(n, 'searches') < 0.12;

insert into saved_search_hits (college_id, search_id, request_id, mailed, told_at)
select search.college_id,
       search.search_id,
       request.request_id,
       search.mail_me and request.request_id % 3 = 0,
       request.created_at
  from saved_searches search
  join seeding.homes me on me.user_id = search.user_id
  join seeding.homes neighbour on neighbour.college_id = me.college_id
                              and neighbour.hub = me.hub
                              and neighbour.n <> me.n
  join seeding.requests request on request.n = neighbour.n
 where request.to_campus
   and request.created_at > greatest(search.created_at, now() - interval '7 days')
   and search.start_box @> request.start
   and search.destination_box @> request.destination
   and departs_within(
           tstzrange(leaves_at, leaves_at + patience, '[]'), me.time_zone, weekdays, day_from, day_until
       );

-- Links to follow a ride by, alarms, and where those are who ride right now.
insert into ride_shares (
    college_id, user_id, pool_id, token_hash, vehicle_note, position, position_at, created_at, expires_at
)
select college_id,
       user_id,
       pool_id,
       seeding.hash_of_nothing(request_id, 'share'),
       case when request_id % 2 = 0 then 'White cab' else '' end,
       seen_at.position,
       case when seen_at.position is not null then seen_at.moment end,
       joined_at,
       joined_at + interval '12 hours'
  from pool_members
 cross join lateral (
           select case when request_id % 3 > 0 then point(72.85 + 0.05 * seeding.dice(request_id, 'seen'), 19.1) end
                      as position,
                  joined_at + interval '10 minutes' as moment
       ) as seen_at
 where seeding.dice(request_id, 'shares') < 0.06;

insert into alarms (
    alarm_id, college_id, user_id, pool_id, position, note, raised_at, repeated_at, resolved_at, resolved_by, resolution
)
overriding system value
select nextval(pg_get_serial_sequence('alarms', 'alarm_id')),
       raised.*
  from (
      select member.college_id,
             member.user_id,
             member.pool_id,
             request.start,
             seeding.pick(member.request_id, 'alarm', array['The driver does not stop.', '', 'We had a small accident.']),
             request.leaves_at + interval '15 minutes' as raised_at,
             request.leaves_at + interval '15 minutes',
             request.leaves_at + interval '25 minutes',
             moderator.user_id,
             'Called; everybody is safe.'
        from pool_members member
        join seeding.requests request on request.request_id = member.request_id
        join seeding.riders moderator on moderator.college_id = member.college_id and moderator.nth = 1
       where member.request_id % 300 = 5
         and request.leaves_at < now() - interval '1 day'
       order by raised_at
  ) as raised;

insert into live_positions (college_id, user_id, pool_id, position, heading, seen_at)
select member.college_id,
       member.user_id,
       member.pool_id,
       request.start,
       floor(360 * seeding.dice(member.request_id, 'heading')),
       now()
  from pool_members member
  join seeding.pools on pools.pool_id = member.pool_id
  join seeding.requests request on request.request_id = member.request_id
 where pools.state = 'started';
