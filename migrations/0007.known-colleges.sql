-- The colleges that the mobile app offers. None restricts addresses: its users sign up with any.

insert into colleges (name, place, time_zone)
values ('DJSCE',                              point(72.8372, 19.1075), 'Asia/Kolkata'),
       ('SPIT',                               point(72.8361, 19.1232), 'Asia/Kolkata'),
       ('VJTI',                               point(72.8561, 19.0222), 'Asia/Kolkata'),
       ('KJ SOMAIYA COLLEGE OF ENGINEERING',  point(72.8999, 19.0728), 'Asia/Kolkata'),
       ('THAKUR COLLEGE OF ENGINEERING',      point(72.8742, 19.2066), 'Asia/Kolkata'),
       ('ST. FRANCIS COLLEGE OF ENGINEERING', point(72.8557, 19.2431), 'Asia/Kolkata');
