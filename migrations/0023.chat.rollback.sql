drop trigger pool_members_join_conversation on pool_members;
drop function join_conversation_of_pool();
drop trigger pools_begin_conversation on pools;
drop function begin_conversation_of_pool();
drop function hearers(bigint, bigint, bigint);
drop view visible_conversations;
drop function rides_along(bigint, bigint);
drop function may_chat(bigint, bigint);
drop function company_lasts(text, timestamptz);
drop index connections_of_riders;
alter table reports
    drop column reported_words;
drop table messages;
drop table participants;
drop table conversations;
