drop trigger alarms_of_present_riders on alarms;
drop trigger ride_shares_of_present_riders on ride_shares;
drop trigger saved_searches_of_present_riders on saved_searches;
drop trigger recurring_rides_of_present_riders on recurring_rides;
drop trigger pooling_requests_of_present_riders on pooling_requests;
drop trigger mailed_codes_of_present_riders on mailed_codes;
drop trigger sessions_of_present_riders on sessions;
drop trigger profile_files_of_present_riders on profile_files;
drop trigger profiles_of_present_riders on profiles;
drop function refuse_for_former_riders();
alter table users
    drop constraint users_who_left_stay_out,
    drop column deleted_at;
