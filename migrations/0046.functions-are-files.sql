-- Functions and views that queries call are files from here on (sql/functions): `tripsync migrate`
-- makes them as the files say, and no migration changes them any more. What an index, a
-- constraint, a generated column, a trigger or a policy stands on stays in migrations.

-- Which functions the files own, as each was made last: from a text with this digest, or as
-- migrations left it, where the digest is empty. Without one it is gone.
create table sql_functions (
    identity text   primary key,
    kind     text   not null check (kind in ('function', 'view')),
    digest   text   default '',
    -- The statements that make what migrations left, with which a rollback begins; null where a
    -- file came first.
    before   text[]
);

-- A server starts on the functions that it knows.
grant select on sql_functions to tripsync_app;

insert into sql_functions (identity, kind, before)
select oid::regprocedure::text, 'function', array[pg_get_functiondef(oid)]
  from pg_proc
 where pronamespace = current_schema()::regnamespace
   and proname in (
          'are_blocked', 'are_partners', 'company_lasts', 'departs_within',
          'empty_next_day_of_events', 'fellows_of', 'first_name', 'great_circle_meters',
          'hearers', 'knows_poster', 'may_chat', 'may_see', 'meters_in_space', 'pair_departure',
          'pair_orders', 'post_has', 'preferences_fit', 'profile_image_url', 'quiet_until',
          'reach_box', 'review_summary', 'riders_along', 'rides_along', 'road_meters',
          'roles_fit', 'seats_fit', 'service_status', 'share_work', 'shown_poster',
          'shows_resume', 'tag_keys', 'told_of_alarm', 'wants_mail', 'words_wanted'
       )
 union all
select oid::regclass::text,
       'view',
       -- By itself a new view is read by the reader, and by nobody else.
       array[
           format('create or replace view %s with (%s) as %s', oid::regclass, array_to_string(reloptions, ', '),
                  pg_get_viewdef(oid)),
           format('revoke all on %s from tripsync_reader', oid::regclass)
       ] || array(
           select format('grant %s on %s to %s', privilege_type, oid::regclass, grantee::regrole)
             from aclexplode(relacl)
            where grantee <> relowner
       )
  from pg_class
 where relnamespace = current_schema()::regnamespace
   and relkind = 'v'
   and relname in (
          'moderators', 'open_ride_shares', 'service_readers', 'shown_applications',
          'shown_services', 'visible_conversations', 'visible_reviews'
       );
