drop index reviews_by_appearance;
drop index pools_by_end;
drop table digest_turns;
drop function told_of_alarm(alarms);
drop function fellows_of(bigint);
drop function wants_mail(bigint, text);
drop table unwanted_mails;
