-- Idempotency keys: the same request twice gets the first one's answer.

-- name: claim_key(scope, key, fingerprint)$
-- True for the first to bring this key, or the first after a day. Whoever comes second
-- waits here until the first has committed or failed.
insert into idempotency_keys as known (scope, key, fingerprint)
values (:scope, :key, :fingerprint)
    on conflict (scope, key) do update
   set fingerprint = excluded.fingerprint,
       status = null,
       answer = null,
       created_at = now()
 where known.created_at < now() - interval '24 hours'
returning true;

-- name: find_answer(scope, key)^
-- What the first request with this key was answered.
select fingerprint,
       status,
       answer
  from idempotency_keys
 where scope = :scope
   and key = :key;

-- name: keep_answer(scope, key, status, answer)!
-- Remember the answer in the transaction that earned it.
update idempotency_keys
   set status = :status::smallint,
       answer = :answer
 where scope = :scope
   and key = :key;

-- name: forget_keys(size)!
-- Take away answers that nobody can ask for any more.
delete from idempotency_keys
 where ctid = any(array(
           select ctid
             from idempotency_keys
            where created_at < now() - interval '24 hours'
            order by created_at
            limit :size::int
              for update skip locked
       ));
