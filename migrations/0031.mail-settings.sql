-- Mails that riders do not want: a row for each kind that was switched off. What opens accounts, and
-- alarms, cannot be.

create table unwanted_mails (
    college_id bigint      not null,
    user_id    bigint      not null,
    kind       text        not null check (kind in ('matches', 'cancellations', 'searches', 'digest')),
    since      timestamptz not null default now(),
    -- Serves wants_mail.
    primary key (user_id, kind),
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade
);

create trigger unwanted_mails_of_present_riders
    before insert on unwanted_mails
    for each row execute function refuse_for_former_riders();

-- Whether news of this kind may be mailed to a rider: the address is proved to be theirs, they may
-- sign in, and they did not say no. Every query of such a mail asks.
create function wants_mail(rider_id bigint, mail_kind text) returns boolean language sql stable parallel safe
return exists (
           select
             from users
            where user_id = rider_id
              and verified_at is not null
              and banned_at is null
       )
   and not exists (
           select
             from unwanted_mails
            where user_id = rider_id
              and kind = mail_kind
       );

-- The names of those who share the ride of a request.
create function fellows_of(ride_request_id bigint) returns text[] language sql stable parallel safe
return (
    select coalesce(array_agg(fellow.full_name order by other.request_id), '{}')
      from pool_members own
      join pool_members other on other.pool_id = own.pool_id
                             and other.request_id <> own.request_id
                             and other.left_at is null
      join users fellow on fellow.college_id = other.college_id and fellow.user_id = other.user_id
     where own.request_id = ride_request_id
       and own.left_at is null
);

-- What whoever can help needs to know of an alarm.
create function told_of_alarm(alarm alarms) returns jsonb language sql stable parallel safe
return (
    select jsonb_build_object(
               'id',           alarm.alarm_id,
               'full_name',    rider.full_name,
               'phone_number', profile.phone_number,
               'latitude',     alarm.position[1],
               'longitude',    alarm.position[0],
               'note',         alarm.note,
               'told_at',      to_char(
                                   alarm.repeated_at at time zone college.time_zone,
                                   'HH24:MI on FMDD FMMonth YYYY'
                               )
           )
      from users rider
      join colleges college on college.college_id = rider.college_id
      left join profiles profile on profile.college_id = rider.college_id and profile.user_id = rider.user_id
     where rider.college_id = alarm.college_id
       and rider.user_id = alarm.user_id
);

-- Who had their weekly digest, and when: a college has one turn a week, by its own clocks.
create table digest_turns (
    college_id bigint primary key references colleges on delete cascade,
    week       date   not null
);

-- Serve the digest: what happened in a college within a week.
create index pools_by_end on pools (college_id, closed_at) where status = 'completed';
create index reviews_by_appearance on reviews (college_id, visible_from);
