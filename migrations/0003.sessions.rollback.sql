drop trigger users_end_sessions on users;
drop function end_sessions_of_user();
drop table refresh_tokens;
drop table sessions;
drop function say_session_ended();
