drop function review_summary(bigint, bigint);

create function review_summary(reviewed_id bigint) returns jsonb language sql stable parallel safe
return jsonb_build_object(
    'average', null,
    'count',   0,
    'stars',   jsonb_build_object('1', 0, '2', 0, '3', 0, '4', 0, '5', 0),
    'recent',  jsonb_build_array()
);

drop view visible_reviews;
drop table reviews;
