-- When each timer ran last: the turn is taken by updating the row, so that of all workers one
-- runs a timer in its period, and none runs it twice.

create table timer_turns (
    name     text        primary key check (char_length(name) <= 60),
    taken_at timestamptz not null
);
