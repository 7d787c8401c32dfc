-- What the other files stand on: dice that fall the same way for the same seed, and words.
--
-- The files are run in their order, in one transaction. They are given `seeding.riders`, how many;
-- `seeding.seed`, which world; and `seeding.password_hash`, of the one password of all. What they
-- need along the way lies in a schema of its own, which the last one drops.

do $$
begin
    if exists (select from users where email = 'rider1@seed.example') then
        raise exception 'this database has seeded riders already; seed a fresh one, or be content with them';
    end if;
    if not exists (select from colleges) then
        raise exception 'there is no college that riders could belong to; add one to the table colleges';
    end if;
end;
$$;

-- Most statements run once, and are not worth compiling.
set local jit = off;

create schema seeding;

-- A number from 0 up to 1 for a question about a thing. Of nothing but these and the seed, so that
-- neither the plan of a query nor the order of its rows decides.
create function seeding.dice(n bigint, about text) returns double precision
language sql stable parallel safe
return (hashint8extended(n, hashtextextended(about, current_setting('seeding.seed')::bigint)) & 4503599627370495)
       / 4503599627370496.0::double precision;

-- Around 0, as errors are; its exponential is log-normal, as distances and prices are.
create function seeding.normal(n bigint, about text) returns double precision
language sql stable parallel safe
return sqrt(-2 * ln(1 - seeding.dice(n, about))) * cos(2 * pi() * seeding.dice(n, about || ', too'));

-- From 1 to `most`, the k-th about 1/k as often as the first: few popular ones, a long tail.
create function seeding.zipf(n bigint, about text, most integer) returns integer
language sql stable parallel safe
return floor(power(most + 1, seeding.dice(n, about)))::integer;

-- One of these, all as often.
create function seeding.pick(n bigint, about text, choices text[]) returns text
language sql stable parallel safe
return choices[1 + floor(seeding.dice(n, about) * cardinality(choices))::integer];

-- One of these, the first most often.
create function seeding.pick_popular(n bigint, about text, choices text[]) returns text
language sql stable parallel safe
return choices[seeding.zipf(n, about, cardinality(choices))];

-- What is known by a secret is stored as its hash; nobody knows these secrets.
create function seeding.hash_of_nothing(n bigint, about text) returns bytea
language sql stable parallel safe
return sha256(convert_to(current_setting('seeding.seed') || about || n, 'UTF8'));

-- So many metres east and north of a place.
create function seeding.beside(place point, east double precision, north double precision) returns point
language sql immutable parallel safe
return point(place[0] + east / (111320 * cos(radians(place[1]))), place[1] + north / 111320);

create function seeding.first_names() returns text[] language sql immutable parallel safe
return array['Aarav', 'Priya', 'Rohan', 'Asha', 'Dev', 'Meera', 'Kabir', 'Ananya', 'Arjun', 'Diya', 'Ishaan',
             'Kavya', 'Nikhil', 'Riya', 'Vivaan', 'Sara', 'Aditya', 'Neha', 'Karan', 'Tara', 'Yash', 'Isha',
             'Om', 'Zoya', 'Farhan', 'Leela', 'Samir', 'Maya', 'Rehan', 'Nisha', 'Tenzin', 'Gauri'];

create function seeding.last_names() returns text[] language sql immutable parallel safe
return array['Sharma', 'Patel', 'Rao', 'Shah', 'Iyer', 'Khan', 'Desai', 'Mehta', 'Joshi', 'Nair', 'Kulkarni',
             'Singh', 'Fernandes', 'Gupta', 'Pillai', 'Das', 'Menon', 'Bose', 'Chavan', 'Reddy', 'Shaikh',
             'Pinto', 'Banerjee', 'Thakur', 'Sawant', 'Lobo', 'Mistry', 'Gill'];

create function seeding.majors() returns text[] language sql immutable parallel safe
return array['Computer Engineering', 'Information Technology', 'Mechanical Engineering', 'Electronics',
             'Civil Engineering', 'Data Science', 'Chemical Engineering', 'Physics', 'Mathematics', 'Design',
             'Biotechnology', 'Architecture'];

create function seeding.years() returns text[] language sql immutable parallel safe
return array['First Year', 'Second Year', 'Third Year', 'Fourth Year', 'Postgraduate'];

-- What services are about, the most wanted first.
create function seeding.subjects() returns text[] language sql immutable parallel safe
return array['calculus', 'python', 'physics', 'guitar', 'english', 'design', 'statistics', 'chemistry', 'video',
             'java', 'photography', 'french', 'drawing', 'robotics', 'writing', 'german', 'finance', 'cooking',
             'algebra', 'databases', 'singing', 'marketing', 'cycling', 'chess', 'circuits', 'animation',
             'printing', 'moving', 'tailoring', 'dance', 'geometry', 'networks', 'translation', 'badminton',
             'welding', 'pottery', 'astronomy', 'sanskrit', 'origami', 'beekeeping'];

-- Sentences between riders, the usual ones first.
create function seeding.phrases() returns text[] language sql immutable parallel safe
return array['Okay.', 'On my way.', 'I am at the gate.', 'Thanks!', 'Five minutes.', 'Where are you?',
             'See you there.', 'Running a little late, sorry.', 'Which gate?', 'The white cab, number ends in 42.',
             'Can we leave ten minutes earlier?', 'I have a big bag today.', 'Traffic is bad near the bridge.',
             'Shall we ride together tomorrow as well?', 'I paid the driver, send me your part.',
             'My lecture was moved, I leave an hour later.', 'Good morning!', 'Did anyone find a blue umbrella?',
             'There is room for one more.', 'Please wait for me at the bus stop.',
             'I will take the train this time, the others go on without me.',
             'It rains, so let us meet under the roof of the library and not at the corner as we said.'];

-- So many sentences; mostly one, now and then a long story.
create function seeding.chatter(n bigint, sentences integer) returns text language sql stable parallel safe
return (
    select string_agg(seeding.pick_popular(n * 64 + nth, 'what is said', seeding.phrases()), ' ')
      from generate_series(1, sentences) as nth
);

-- The colleges that there are, the largest first.
create unlogged table seeding.colleges as
select college_id,
       place,
       time_zone,
       row_number() over (order by college_id)::integer as nth,
       count(*) over ()::integer as number
  from public.colleges;
