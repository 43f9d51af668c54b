-- The first tables. Ids are UUIDv7 text, instants are microseconds since 1970 UTC, JSON is text
-- that no statement looks into. Keep in step with ../postgres/0001_first.sql.
-- Constraint names are what PostgreSQL would choose: `store::error` makes the same of SQLite's words.

create table account (
    id text primary key not null,
    -- Lower-cased by the store, so that one person has one account.
    email text not null unique,
    role text not null,
    password_hash text not null,
    created_at integer not null,
    last_seen_at integer
) strict;

create table session (
    -- Only hashes are kept: who reads this table can sign in as nobody.
    token_hash text primary key not null,
    user_id text not null references account (id) on delete cascade,
    created_at integer not null,
    expires_at integer not null
) strict;

create index session_of_user on session (user_id);

create table api_key (
    id text primary key not null,
    name text not null,
    prefix text not null,
    scopes text not null,
    secret_hash text not null unique,
    created_at integer not null,
    last_used_at integer
) strict;

create table set_up_token (
    -- One row at most: a new token takes the old one's place.
    one integer primary key not null check (one = 1),
    hash text not null,
    created_at integer not null
) strict;

create table source (
    id text primary key not null,
    -- What the source itself goes by; null once it is being deleted, so that it can come again.
    external_key text unique,
    name text not null,
    search text not null,
    kind text not null,
    demo integer not null,
    created_at integer not null,
    last_seen_at integer,
    expected_every_seconds integer,
    accepted integer not null default 0,
    refused integer not null default 0,
    last_refusal text,
    -- Nobody sees it any more; its samples go in slices.
    deleting integer not null default 0
) strict;

create table series (
    -- The sample table holds this small number and not the id: some thirty bytes less in every row.
    -- `autoincrement` never gives a deleted series' number to another.
    num integer primary key autoincrement,
    id text not null unique,
    source_id text not null references source (id),
    key text not null,
    name text not null,
    title text not null,
    -- Lower-cased title, name and labels, see `search::search_text`. Also the order of lists.
    search text not null,
    labels text not null,
    unit text not null,
    aggregation text not null,
    domain text not null,
    non_negative integer not null,
    limit_value real,
    limit_direction text,
    stake text,
    created_at integer not null,
    -- When its samples or its limit last changed: a forecast made before that is out of date.
    changed_at integer not null,
    -- The ends of its samples, kept here because every list shows them.
    first_at integer,
    last_at integer,
    last_value real,
    unique (source_id, key)
) strict;

create index series_with_limit on series (num) where limit_value is not null;

-- No foreign key: it would cost a look-up for every sample, and series are deleted in one place.
create table sample (
    series_num integer not null,
    at integer not null,
    value real not null,
    primary key (series_num, at)
) strict, without rowid;

create table forecast (
    series_id text primary key not null references series (id) on delete cascade,
    -- Null where only the next attempt is known.
    made_at integer,
    known_until integer,
    next_at integer not null,
    input_hash text,
    state text
) strict;

create table import (
    id text primary key not null,
    file_name text not null,
    path text not null,
    bytes integer not null,
    created_at integer not null,
    state text not null,
    settings text not null,
    question text
) strict;

create table setting (
    key text primary key not null,
    value text not null
) strict;
