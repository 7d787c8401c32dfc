-- Serve the timers that take away what is over: each finds the oldest without looking at the rest.
create index refresh_tokens_by_expiry on refresh_tokens (expires_at);
create index mailed_codes_by_expiry on mailed_codes (expires_at);
create index saved_search_hits_by_age on saved_search_hits (told_at);
create index saved_service_search_hits_by_age on saved_service_search_hits (told_at);
