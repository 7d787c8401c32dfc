drop table mailed_codes;
