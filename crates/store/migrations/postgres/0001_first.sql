-- The first tables. Ids are UUIDv7 text, instants are microseconds since 1970 UTC, JSON is text
-- that no statement looks into. Keep in step with ../sqlite/0001_first.sql.

-- SQLite's `json_each`, as far as lists of ids need it, so that one SQL text serves both:
-- `… where id in (select value from json_each($1))`.
create function json_each(list text) returns table (value text)
language sql immutable as 'select json_array_elements_text(list::json)';

create table account (
    id text primary key not null,
    -- Lower-cased by the store, so that one person has one account.
    email text not null unique,
    role text not null,
    password_hash text not null,
    created_at bigint not null,
    last_seen_at bigint
);

create table session (
    -- Only hashes are kept: who reads this table can sign in as nobody.
    token_hash text primary key not null,
    user_id text not null references account (id) on delete cascade,
    created_at bigint not null,
    expires_at bigint not null
);

create index session_of_user on session (user_id);

create table api_key (
    id text primary key not null,
    name text not null,
    prefix text not null,
    scopes text not null,
    secret_hash text not null unique,
    created_at bigint not null,
    last_used_at bigint
);

create table set_up_token (
    -- One row at most: a new token takes the old one's place.
    one bigint primary key not null check (one = 1),
    hash text not null,
    created_at bigint not null
);

create table source (
    id text primary key not null,
    -- What the source itself goes by; null once it is being deleted, so that it can come again.
    external_key text unique,
    name text not null,
    search text collate "C" not null,
    kind text not null,
    demo boolean not null,
    created_at bigint not null,
    last_seen_at bigint,
    expected_every_seconds bigint,
    accepted bigint not null default 0,
    refused bigint not null default 0,
    last_refusal text,
    -- Nobody sees it any more; its samples go in slices.
    deleting boolean not null default false
);

create table series (
    -- The sample table holds this small number and not the id: some thirty bytes less in every row.
    num bigserial primary key,
    id text not null unique,
    source_id text not null references source (id),
    key text not null,
    name text not null,
    title text not null,
    -- Lower-cased title, name and labels, see `search::search_text`. Also the order of lists:
    -- "C" sorts as SQLite does.
    search text collate "C" not null,
    labels text not null,
    unit text not null,
    aggregation text not null,
    domain text not null,
    non_negative boolean not null,
    limit_value double precision,
    limit_direction text,
    stake text,
    created_at bigint not null,
    -- When its samples or its limit last changed: a forecast made before that is out of date.
    changed_at bigint not null,
    -- The ends of its samples, kept here because every list shows them.
    first_at bigint,
    last_at bigint,
    last_value double precision,
    unique (source_id, key)
);

create index series_with_limit on series (num) where limit_value is not null;

-- No foreign key: it would cost a look-up for every sample, and series are deleted in one place.
create table sample (
    series_num bigint not null,
    at bigint not null,
    value double precision not null,
    primary key (series_num, at)
);

create table forecast (
    series_id text primary key not null references series (id) on delete cascade,
    -- Null where only the next attempt is known.
    made_at bigint,
    known_until bigint,
    next_at bigint not null,
    input_hash text,
    state text
);

create table import (
    id text primary key not null,
    file_name text not null,
    path text not null,
    bytes bigint not null,
    created_at bigint not null,
    state text not null,
    settings text not null,
    question text
);

create table setting (
    key text primary key not null,
    value text not null
);
