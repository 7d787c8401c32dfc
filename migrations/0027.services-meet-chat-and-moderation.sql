-- Where services meet the rest: who may chat because of them, and what moderators do about them.

-- Whether one of the two applied to the other's post and was not turned down, and knows who wrote
-- it. To let somebody chat with the unknown writer of a post would be to say who it is.
create function share_work(one bigint, other bigint) returns boolean language sql stable parallel safe
return exists (
    select
      from service_applications work
      join service_posts post on post.post_id = work.post_id
     where (work.user_id = one and work.poster_id = other or work.user_id = other and work.poster_id = one)
       and work.status in ('pending', 'accepted')
       and (not post.is_anonymous or work.revealed_at is not null)
);

-- Who may begin to write to whom, where the college is not open to all. Both share a ride, or
-- shared one to its end within the last 48 hours: somebody forgot an umbrella. Or they share work.
-- Whatever else is to bring riders together belongs in here.
create or replace function may_chat(one bigint, other bigint) returns boolean
language sql stable parallel safe
return share_work(one, other) or exists (
    select
      from pool_members mine
      join pool_members theirs on theirs.pool_id = mine.pool_id
      join pools on pools.pool_id = mine.pool_id
     where mine.user_id = one
       and theirs.user_id = other
       and mine.left_at is null
       and theirs.left_at is null
       and (pools.status in ('open', 'started') or pools.closed_at > now() - interval '48 hours')
);

-- A post is reported without naming its writer: the kind 'service' is given by us, never by the
-- reporter, who could otherwise ask by a second report whether they guessed right.
alter table reports
    drop constraint reports_reference_kind_check,
    add constraint reports_reference_kind_check
        check (reference_kind in ('pool', 'message', 'post', 'service'));

-- A moderator closes a post for good; `outcome` says which.
alter table moderation_acts
    drop constraint moderation_acts_act_check,
    drop constraint moderation_acts_check1,
    add constraint moderation_acts_act_check
        check (act in ('resolve', 'warn', 'ban', 'unban', 'promote', 'close_post')),
    add constraint moderation_acts_say_what_came_of_it
        check ((act in ('resolve', 'promote', 'close_post')) = (outcome is not null));
