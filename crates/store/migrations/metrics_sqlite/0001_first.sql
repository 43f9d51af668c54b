-- Metrics lie in a file of their own: another rhythm of writing, other pages, other backups.

-- Who sends. `num` is what other rows say instead of the text.
create table source (
    num integer primary key not null,
    id text not null unique,
    raw_ms integer,
    five_minutes_ms integer,
    hour_ms integer,
    samples integer not null default 0,
    duplicates integer not null default 0,
    late integer not null default 0,
    refused integer not null default 0
) strict;

create table series (
    id integer primary key not null,
    source integer not null,
    -- As `series::Labels` writes them.
    labels blob not null
) strict;

-- How far a series is sealed: up to which write-ahead record, up to which instant, and up to which
-- instant its rollups are made.
create table sealed (
    series integer primary key not null,
    wal_id integer not null,
    until_ms integer not null,
    rolled_ms integer not null
) strict;

-- Chunks of one series do not overlap. Rows are appended, so pages are full; keyed by series and
-- time they would be split in the middle, and a third of the file would be air.
create table chunk (
    id integer primary key not null,
    series integer not null,
    t0 integer not null,
    t1 integer not null,
    data blob not null
) strict;
create unique index chunk_series_t1_key on chunk (series, t1);

-- Windows of five minutes or of an hour, a day of them in a row.
create table rollup (
    id integer primary key not null,
    step_ms integer not null,
    series integer not null,
    t0 integer not null,
    t1 integer not null,
    data blob not null
) strict;
create unique index rollup_series_step_ms_t1_key on rollup (series, step_ms, t1);

-- What is acknowledged and not in a chunk yet.
create table wal (
    id integer primary key not null,
    record blob not null
) strict;

-- Bytes and rows, kept with each change: counting them would read the whole file.
create table disk_use (
    kind text primary key not null,
    data_rows integer not null,
    bytes integer not null
) strict, without rowid;
insert into disk_use values ('raw', 0, 0), ('300000', 0, 0), ('3600000', 0, 0);

-- What senders said about metrics' names.
create table meta (
    name text primary key not null,
    kind text not null,
    unit text not null,
    help text not null
) strict, without rowid;
