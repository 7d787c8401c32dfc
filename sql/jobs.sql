-- Jobs: what is to be done outside requests.
--
-- The tables belong to pgqueuer, which lends jobs to workers and takes up what a dead worker left:
-- pgqueuer holds the jobs, pgqueuer_log what became of them. A job is `queued`, `picked` by a worker,
-- or `failed`: tried in vain for good. What is done is not there any more.

-- name: enqueue_jobs(kind, payloads, priority)!
-- Ask for something to be done, once this transaction stands.
insert into pgqueuer (entrypoint, payload, priority, status)
select :kind,
       payload,
       :priority,
       'queued'
  from unnest(:payloads::bytea[]) as given (payload);

-- name: finish_job(job_id)$
-- Take a job off the queue, in the transaction that does it; none where somebody else has done it.
-- Whoever comes second waits here for the first.
delete from pgqueuer
 where id = :job_id
returning id;

-- name: count_jobs()
-- How many jobs of each kind are in which state, how long the oldest has been due, and how often it was
-- tried at most.
-- scans: what is done is not there any more, so that the queue is short.
select entrypoint as kind,
       status::text as state,
       count(*) as jobs,
       greatest(0, extract(epoch from now() - min(execute_after)))::float8 as seconds_due,
       max(attempts) as most_attempts
  from pgqueuer
 group by entrypoint,
          status
 order by entrypoint,
          status;

-- name: list_dead_jobs(size)
-- Jobs that were tried in vain for good, the latest first, and the last reason.
select job.id,
       job.entrypoint as kind,
       convert_from(job.payload, 'UTF8') as payload,
       job.attempts + 1 as tries,
       job.created,
       job.updated as died,
       (
           select log.traceback ->> 'exception_message'
             from pgqueuer_log log
            where log.job_id = job.id
              and log.traceback is not null
            order by log.created desc
            limit 1
       ) as reason
  from pgqueuer job
 where job.status = 'failed'
 order by job.id desc
 limit :size::int;

-- name: revive_dead_jobs(job_id)!
-- Try a dead job again from the start, or all of them.
-- scans: an operator does it by hand, and the queue is short.
update pgqueuer
   set status = 'queued',
       attempts = 0,
       execute_after = now(),
       updated = now()
 where status = 'failed'
   and (:job_id::bigint is null or id = :job_id);

-- name: drop_dead_job(job_id)!
-- Give up a dead job.
delete from pgqueuer
 where status = 'failed'
   and id = :job_id;

-- name: forget_dead_jobs(days, size)!
-- Give up what has been dead for long.
delete from pgqueuer
 where ctid = any(array(
           select ctid
             from pgqueuer
            where status = 'failed'
              and updated < now() - make_interval(days => :days::int)
            order by id
            limit :size::int
              for update skip locked
       ));

-- name: forget_log(days, size)!
-- Forget what became of jobs long ago.
delete from pgqueuer_log
 where ctid = any(array(
           select ctid
             from pgqueuer_log
            where created < now() - make_interval(days => :days::int)
            order by created
            limit :size::int
              for update skip locked
       ));
