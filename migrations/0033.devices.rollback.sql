drop function quiet_until(timestamptz, text, time, time);
drop table quiet_hours;
drop trigger sessions_forget_device on sessions;
drop function forget_device_of_session();
drop table devices;
