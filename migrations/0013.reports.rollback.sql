drop table reports;
drop view moderators;
