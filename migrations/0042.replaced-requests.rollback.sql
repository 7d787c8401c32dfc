alter table pooling_requests drop column replaced_by;
