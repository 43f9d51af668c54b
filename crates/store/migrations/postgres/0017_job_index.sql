-- An index for each state of a job that is looked for.
-- With one over all states the planner took it to find the few that run, or that ended for one key,
-- and each claim and each end went through every job: seconds of the only writer for some thousand.

drop index job_by_state;
drop index job_due;
create index job_due on job (priority, run_at, id) where state = 'waiting';
create index job_running on job (kind, key) where state = 'running';
create index job_done on job (finished_at desc, id) where state = 'done';
create index job_dead on job (finished_at desc, id) where state = 'dead';
