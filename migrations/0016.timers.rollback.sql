drop table timer_turns;
