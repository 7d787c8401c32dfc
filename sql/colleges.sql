-- Colleges: the tenants. Open reading; they are changed by migrations and DBAs only.

-- name: list_colleges(after, skip, size)
-- A page of colleges by name; `after` is the last name of the page before, or null.
select college_id as id,
       name,
       email_domains,
       place[1] as latitude,
       place[0] as longitude
  from colleges
 where :after::text is null
    or lower(name) > lower(:after)
 order by lower(name)
offset :skip::int
 limit :size::int;

-- name: find_college(name)^
-- The college of this name, in whatever case it is written.
select college_id,
       name,
       email_domains
  from colleges
 where lower(name) = lower(:name);

-- name: list_college_names()
-- The names a sign-up can choose from.
select name
  from colleges
 order by lower(name)
 limit 100;
