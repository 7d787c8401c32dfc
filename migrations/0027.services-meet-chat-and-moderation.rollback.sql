-- What moderators did stays in the trail, which is added to, never changed: where they closed a post,
-- the narrower constraints hold for new acts only.
alter table moderation_acts
    drop constraint moderation_acts_act_check,
    drop constraint moderation_acts_say_what_came_of_it,
    add constraint moderation_acts_act_check
        check (act in ('resolve', 'warn', 'ban', 'unban', 'promote')) not valid,
    add constraint moderation_acts_check1
        check ((act in ('resolve', 'promote')) = (outcome is not null)) not valid;

do $$
begin
    if not exists (select from moderation_acts where act = 'close_post') then
        alter table moderation_acts
            validate constraint moderation_acts_act_check,
            validate constraint moderation_acts_check1;
    end if;
end;
$$;

update reports
   set reference_kind = null,
       reference_id = null
 where reference_kind = 'service';

alter table reports
    drop constraint reports_reference_kind_check,
    add constraint reports_reference_kind_check
        check (reference_kind in ('pool', 'message', 'post'));

create or replace function may_chat(one bigint, other bigint) returns boolean
language sql stable parallel safe
return exists (
    select
      from pool_members mine
      join pool_members theirs on theirs.pool_id = mine.pool_id
      join pools on pools.pool_id = mine.pool_id
     where mine.user_id = one
       and theirs.user_id = other
       and mine.left_at is null
       and theirs.left_at is null
       and company_lasts(pools.status, pools.closed_at)
);

drop function share_work(bigint, bigint);
