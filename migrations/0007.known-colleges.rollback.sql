-- Fails where somebody has signed up already: their college must not vanish under them.
delete from colleges
 where name in ('DJSCE', 'SPIT', 'VJTI', 'KJ SOMAIYA COLLEGE OF ENGINEERING',
                'THAKUR COLLEGE OF ENGINEERING', 'ST. FRANCIS COLLEGE OF ENGINEERING');
