-- Work that is done beside the pages, and the models that forecasts are made with.

create table job (
    id text primary key not null,
    kind text not null,
    -- What of its kind it is about.
    key text not null,
    payload text not null,
    state text not null,
    -- The lower the sooner.
    priority integer not null,
    run_at integer not null,
    attempts integer not null,
    most_attempts integer not null,
    created_at integer not null,
    started_at integer,
    finished_at integer,
    -- Which process does it, and until when that is believed without a word.
    holder text,
    held_until integer,
    -- What it did, or why it failed.
    outcome text
) strict;

-- What waits is not put in twice.
create unique index job_kind_key_key on job (kind, key) where state = 'waiting';
create index job_due on job (priority, run_at) where state = 'waiting';
create index job_of_key on job (kind, key);
create index job_by_state on job (state, finished_at);

create table job_schedule (
    kind text not null,
    key text not null,
    payload text not null,
    every_seconds integer not null,
    next_at integer not null,
    last_at integer,
    primary key (kind, key)
) strict;

create table model_version (
    series_id text not null references series (id) on delete cascade,
    number integer not null,
    state text not null,
    made_at integer not null,
    engine text not null,
    step text not null,
    window_from integer not null,
    window_to integer not null,
    points integer not null,
    filled integer not null,
    -- A digest of what it was fitted on: it can be made again as long as that is the same.
    digest text not null,
    -- Its error in the back-test in errors of the naive forecast; null where it was not tried.
    ratio real,
    -- How near it is to having drifted, 0 to 1, and when it had.
    nearness real not null,
    drifted_at integer,
    -- Not before then is it replaced without somebody's word.
    held_until integer,
    cpu_us integer not null,
    -- The rest, as JSON: what was found in the fit, and what came of it since.
    detail text not null,
    live text not null,
    primary key (series_id, number)
) strict;

create unique index model_version_live on model_version (series_id) where state = 'live';

-- When a sample older than the newest one came in last: a model that took in what followed is wrong.
alter table series add column late_at integer;
