-- What was only needed along the way goes; what was made stays.

set local client_min_messages = warning;

drop schema seeding cascade;
