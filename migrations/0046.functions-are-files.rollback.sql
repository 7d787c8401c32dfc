drop table sql_functions;
