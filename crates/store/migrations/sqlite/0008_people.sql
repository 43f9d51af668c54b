-- People: sessions that can be seen and ended, known devices, invitations, second factors, roles of
-- one's own, and other places to sign in. Keep in step with ../postgres/0008_people.sql.

-- Nobody's session survives: what tells them apart is not known of the old ones.
drop table session;

create table session (
    id text primary key not null,
    -- Only hashes are kept: who reads this table can sign in as nobody.
    token_hash text not null unique,
    user_id text not null references account (id) on delete cascade,
    created_at integer not null,
    expires_at integer not null,
    last_used_at integer not null,
    address text not null,
    browser text not null
) strict;

create index session_of_user on session (user_id);

-- Null while the person may sign in.
alter table account add column disabled_at integer;

-- Browsers that somebody signed in with before: those are not kept waiting by what strangers try.
create table device (
    token_hash text primary key not null,
    user_id text not null references account (id) on delete cascade,
    seen_at integer not null
) strict;

create index device_of_user on device (user_id);

create table invitation (
    id text primary key not null,
    email text not null unique,
    role text not null,
    token_hash text not null unique,
    invited_by text not null,
    created_at integer not null,
    expires_at integer not null
) strict;

create table totp (
    user_id text primary key not null references account (id) on delete cascade,
    -- As the service sealed it.
    secret text not null,
    created_at integer not null,
    -- Null until its first code was given.
    confirmed_at integer,
    -- Codes up to this step of 30 s are used up.
    last_step integer not null default 0
) strict;

create table recovery_code (
    user_id text not null references account (id) on delete cascade,
    code_hash text not null,
    primary key (user_id, code_hash)
) strict;

-- Somebody whose password fitted and whose second factor is awaited.
create table sign_in_step (
    token_hash text primary key not null,
    user_id text not null references account (id) on delete cascade,
    expires_at integer not null
) strict;

create table custom_role (
    id text primary key not null,
    name text not null unique,
    grants text not null,
    created_at integer not null
) strict;

-- The roles whose people need a second factor.
create table strict_role (
    role text primary key not null
) strict;

-- Who somebody is elsewhere.
create table identity (
    issuer text not null,
    subject text not null,
    user_id text not null references account (id) on delete cascade,
    primary key (issuer, subject)
) strict;

create index identity_of_user on identity (user_id);

-- Somebody who was sent elsewhere to sign in and has not come back.
create table provider_trip (
    state_hash text primary key not null,
    nonce text not null,
    verifier text not null,
    next text not null,
    expires_at integer not null
) strict;
