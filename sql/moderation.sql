-- Moderation: what riders report, and what the moderators of their college do about it.
--
-- Whoever is not in the view `moderators` of this college gets no row from any query that names
-- a moderator_id. The lists are joined to that view from the left: a moderator with nothing to
-- see gets one row of nulls, anybody else none, in one round trip.

-- name: find_fellow(college_id, user_id)$
-- Whether somebody of the college has this id.
select user_id
  from users
 where college_id = :college_id
   and user_id = :user_id;

-- name: create_report(college_id, reporter_id, subject_id, reason, details, reference_kind, reference_id)^
-- A new report; no row while the reporter has the same one open. Of a message that the subject wrote
-- and the reporter heard, the words are kept.
insert into reports (
    college_id, reporter_id, subject_id, reason, details, reference_kind, reference_id, reported_words
)
values (
    :college_id, :reporter_id, :subject_id, :reason, :details, :reference_kind::text, :reference_id::bigint,
    (
        select m.content
          from messages m
          join participants hearer on hearer.college_id = m.college_id
                                  and hearer.conversation_id = m.conversation_id
         where :reference_kind = 'message'
           and m.college_id = :college_id
           and m.message_id = :reference_id
           and m.user_id = :subject_id
           and hearer.user_id = :reporter_id
           and m.seq > hearer.heard_from
           and m.seq <= coalesce(hearer.heard_until, m.seq)
    )
)
    on conflict (reporter_id, subject_id, reference_kind, reference_id) where resolved_at is null
    do nothing
returning report_id as id,
          subject_id as user_id,
          reason,
          details,
          case when reference_id is not null
               then jsonb_build_object('kind', reference_kind, 'id', reference_id) end as reference,
          'open' as status,
          created_at;

-- name: list_reports(college_id, moderator_id, status, before, skip, size)
-- The reports of a college, latest first, without those about whoever asks: the reported must
-- not learn who reported them. `status` is open, resolved or null for all; `before` is the last
-- id of the page before, or null.
select r.report_id as id,
       case when r.resolved_at is null then 'open' else 'resolved' end as status,
       jsonb_build_object('id', reporter.user_id, 'full_name', reporter.full_name) as reporter,
       jsonb_build_object('id', subject.user_id, 'full_name', subject.full_name) as subject,
       r.reason,
       r.details,
       case when r.reference_id is not null
            then jsonb_build_object('kind', r.reference_kind, 'id', r.reference_id) end as reference,
       r.reported_words,
       r.created_at,
       r.outcome,
       r.note,
       case when r.resolved_by is not null
            then jsonb_build_object('id', resolver.user_id, 'full_name', resolver.full_name) end
           as resolved_by,
       r.resolved_at
  from moderators me
  left join lateral (
      select report_id,
             reporter_id,
             subject_id,
             reason,
             details,
             reference_kind,
             reference_id,
             reported_words,
             created_at,
             outcome,
             note,
             resolved_by,
             resolved_at
        from reports
       where college_id = :college_id
         and subject_id <> :moderator_id
         and (:status::text is null or (resolved_at is null) = (:status = 'open'))
         and (:before::bigint is null or report_id < :before)
       order by report_id desc
      offset :skip::int
       limit :size::int
  ) r on true
  left join users reporter on reporter.college_id = me.college_id and reporter.user_id = r.reporter_id
  left join users subject on subject.college_id = me.college_id and subject.user_id = r.subject_id
  left join users resolver on resolver.college_id = me.college_id and resolver.user_id = r.resolved_by
 where me.college_id = :college_id
   and me.user_id = :moderator_id
 order by r.report_id desc;

-- name: lock_report(college_id, moderator_id, report_id)^
-- A report that this moderator may settle, held until the transaction ends: of two who settle it
-- the second finds it resolved.
select r.subject_id,
       r.resolved_at is not null as resolved
  from reports r
 where r.college_id = :college_id
   and r.report_id = :report_id
   and r.subject_id <> :moderator_id
   and exists (
       select
         from moderators me
        where me.college_id = :college_id
          and me.user_id = :moderator_id
   )
   for update;

-- name: resolve_report(college_id, moderator_id, report_id, outcome, note)!
-- What the report came to.
update reports
   set resolved_at = now(),
       resolved_by = :moderator_id,
       outcome = :outcome,
       note = :note
 where college_id = :college_id
   and report_id = :report_id
   and resolved_at is null;

-- name: lock_people(college_id, moderator_id, user_id)
-- The moderator and whom the act is about, held until the transaction ends, in the order of
-- their ids: two who ban each other wait in line, and the second is no moderator any more.
select user_id
  from users
 where college_id = :college_id
   and (user_id = :moderator_id or user_id = :user_id)
   and exists (
       select
         from moderators me
        where me.college_id = :college_id
          and me.user_id = :moderator_id
   )
 order by user_id
   for no key update;

-- name: find_subject(college_id, moderator_id, user_id)^
-- Whom an act is about, and the rank of the moderator who acts.
select me.role as moderator_role,
       subject.role,
       subject.banned_at is not null as banned
  from moderators me
  join users subject on subject.college_id = me.college_id
 where me.college_id = :college_id
   and me.user_id = :moderator_id
   and subject.user_id = :user_id
   and subject.deleted_at is null;

-- name: lock_account(email)^
-- Whom the command line names, held until the transaction ends.
select college_id,
       user_id,
       email,
       role,
       banned_at is not null as banned
  from users
 where email = lower(trim(:email))
   for no key update;

-- name: ban_rider(college_id, user_id)!
-- Shut somebody out; a trigger ends all sessions, and every worker hears of it.
update users
   set banned_at = now()
 where college_id = :college_id
   and user_id = :user_id
   and banned_at is null;

-- name: unban_rider(college_id, user_id)!
-- Let somebody in again, who has to sign in anew.
update users
   set banned_at = null
 where college_id = :college_id
   and user_id = :user_id
   and banned_at is not null;

-- name: change_role(college_id, user_id, role)!
-- Make somebody a moderator, an admin, or a student again.
update users
   set role = :role
 where college_id = :college_id
   and user_id = :user_id;

-- name: cancel_rides(college_id, user_id)
-- Take the requests of a banned rider off the road that have no company yet; a ride that has
-- begun to form is not ended under those who share it.
update pooling_requests
   set status = 'cancelled',
       cancel_reason = 'moderator',
       closed_at = now()
 where college_id = :college_id
   and user_id = :user_id
   and status = 'active'
returning request_id;

-- name: record_act(college_id, actor_id, act, subject_id, report_id, outcome, note)^
-- Write an act into the audit trail, in the transaction that does it.
with written as (
    insert into moderation_acts (college_id, actor_id, act, subject_id, report_id, outcome, note)
    values (:college_id, :actor_id, :act, :subject_id, :report_id, :outcome, :note)
    returning act_id,
              actor_id,
              act,
              subject_id,
              report_id,
              outcome,
              note,
              acted_at
)
select w.act_id as id,
       w.act,
       case when w.actor_id is not null
            then jsonb_build_object('id', actor.user_id, 'full_name', actor.full_name) end as actor,
       jsonb_build_object('id', subject.user_id, 'full_name', subject.full_name) as subject,
       w.report_id,
       w.outcome,
       w.note,
       w.acted_at
  from written w
  join users subject on subject.college_id = :college_id and subject.user_id = w.subject_id
  left join users actor on actor.college_id = :college_id and actor.user_id = w.actor_id;

-- name: list_acts(college_id, moderator_id, before, skip, size)
-- The audit trail of a college, latest first; `before` is the last id of the page before, or null.
select a.act_id as id,
       a.act,
       case when a.actor_id is not null
            then jsonb_build_object('id', actor.user_id, 'full_name', actor.full_name) end as actor,
       jsonb_build_object('id', subject.user_id, 'full_name', subject.full_name) as subject,
       a.report_id,
       a.outcome,
       a.note,
       a.acted_at
  from moderators me
  left join lateral (
      select act_id,
             actor_id,
             act,
             subject_id,
             report_id,
             outcome,
             note,
             acted_at
        from moderation_acts
       where college_id = :college_id
         and (:before::bigint is null or act_id < :before)
       order by act_id desc
      offset :skip::int
       limit :size::int
  ) a on true
  left join users subject on subject.college_id = me.college_id and subject.user_id = a.subject_id
  left join users actor on actor.college_id = me.college_id and actor.user_id = a.actor_id
 where me.college_id = :college_id
   and me.user_id = :moderator_id
 order by a.act_id desc;

-- name: export_reports_made(college_id, user_id)
-- What the rider reported; not who wrote a post. What others reported of the rider would name them.
select report.report_id as id,
       case when report.reference_kind is distinct from 'service' then subject.full_name end as subject,
       report.reason,
       report.details,
       report.reference_kind,
       report.reference_id,
       report.created_at,
       report.resolved_at
  from reports report
  join users subject on subject.college_id = report.college_id and subject.user_id = report.subject_id
 where report.college_id = :college_id
   and report.reporter_id = :user_id
 order by report.report_id;

-- name: export_sanctions(college_id, user_id)
-- What moderators did about the rider; not which, and no report, which would tell that there is one.
select act,
       outcome,
       case when act = 'warn' then note end as note,
       acted_at
  from moderation_acts
 where college_id = :college_id
   and subject_id = :user_id
   and act <> 'resolve'
 order by act_id;

-- name: export_moderation(college_id, user_id)
-- What the rider did as a moderator.
select act.act,
       subject.full_name as subject,
       act.outcome,
       act.note,
       act.acted_at
  from moderation_acts act
  join users subject on subject.college_id = act.college_id and subject.user_id = act.subject_id
 where act.college_id = :college_id
   and act.actor_id = :user_id
 order by act.act_id;
