drop index saved_service_search_hits_by_age;
drop index saved_search_hits_by_age;
drop index mailed_codes_by_expiry;
drop index refresh_tokens_by_expiry;
