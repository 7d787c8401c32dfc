drop function review_summary(bigint);
drop trigger users_begin_profile on users;
drop function begin_profile_of_user();
drop table profiles;
alter table colleges drop column country;
