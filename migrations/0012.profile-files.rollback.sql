drop function profile_image_url(bigint);
drop table profile_files;
drop function abandon_file();
drop function refer_to_file();
drop table unreferenced_files;
