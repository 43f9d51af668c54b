-- Metrics lie in a schema of their own, which is made before this: another rhythm of writing, and
-- names that are theirs. Several processes write here; ADR 7 says how they agree.

-- Who sends. `num` is what other rows say instead of the text.
create table metrics.source (
    num integer primary key not null,
    id text not null unique,
    raw_ms bigint,
    five_minutes_ms bigint,
    hour_ms bigint,
    samples bigint not null default 0,
    duplicates bigint not null default 0,
    late bigint not null default 0,
    refused bigint not null default 0
);

create table metrics.series (
    id integer primary key not null,
    source integer not null,
    -- As `series::Labels` writes them.
    labels bytea not null
);
-- No two numbers for one series, whoever gives them. Labels can be longer than an index takes.
create unique index series_source_labels_key on metrics.series (source, sha256(labels));

-- How far a series is sealed: up to which write-ahead record, up to which instant, and up to which
-- instant its rollups are made. Pages keep room for new versions of their rows.
create table metrics.sealed (
    series integer primary key not null,
    wal_id bigint not null,
    until_ms bigint not null,
    rolled_ms bigint not null
) with (fillfactor = 75);

-- The log: what is acknowledged and not in a chunk yet, and which rows of other tables an entry
-- changed. Numbers rise in the order of commits.
create table metrics.wal (
    id bigint primary key not null,
    record bytea,
    -- Series whose rows in `series` or `sealed` changed.
    series integer[] not null,
    -- Whether rows of `source` or of `meta` changed.
    sources boolean not null,
    meta boolean not null
);
alter table metrics.wal alter column record set storage external;

-- Up to which entry the log was cut off: who has not come so far reads everything again.
create table metrics.trimmed (
    upto bigint not null
);
insert into metrics.trimmed values (0);

-- Chunks of one series do not overlap, and none goes past midnight. A partition holds a day and is
-- dropped as a whole; `postgres/days.rs` makes them. Chunks are compressed already.
create table metrics.chunk (
    t0 bigint not null,
    t1 bigint not null,
    series integer not null,
    data bytea not null
) partition by range (t1);
alter table metrics.chunk alter column data set storage external;
create unique index chunk_series_t1_key on metrics.chunk (series, t1);
create table metrics.chunk_rest partition of metrics.chunk default;

-- Windows of five minutes, a day of them in a row; a partition holds eight days.
create table metrics.five_minutes (
    t0 bigint not null,
    t1 bigint not null,
    series integer not null,
    data bytea not null
) partition by range (t1);
alter table metrics.five_minutes alter column data set storage external;
create unique index five_minutes_series_t1_key on metrics.five_minutes (series, t1);
create table metrics.five_minutes_rest partition of metrics.five_minutes default;

-- Windows of an hour, a day of them in a row; a partition holds 32 days.
create table metrics.hours (
    t0 bigint not null,
    t1 bigint not null,
    series integer not null,
    data bytea not null
) partition by range (t1);
alter table metrics.hours alter column data set storage external;
create unique index hours_series_t1_key on metrics.hours (series, t1);
create table metrics.hours_rest partition of metrics.hours default;

-- The partitions, with their rows and bytes, kept with each change: counting them would read them all.
create table metrics.part (
    name text primary key not null,
    table_name text not null,
    from_ms bigint not null,
    -- Not included.
    until_ms bigint not null,
    data_rows bigint not null default 0,
    bytes bigint not null default 0
);
insert into metrics.part (name, table_name, from_ms, until_ms)
select t || '_rest', t, -9223372036854775808, 9223372036854775807
from unnest(array['chunk', 'five_minutes', 'hours']) t;

-- What senders said about metrics' names.
create table metrics.meta (
    name text primary key not null,
    kind text not null,
    unit text not null,
    help text not null
);
