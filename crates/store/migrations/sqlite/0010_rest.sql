-- When a key stops being good, and the secret before its last rotation. Null for never and none.
alter table api_key add column expires_at integer;
alter table api_key add column old_secret_hash text;
alter table api_key add column old_secret_until integer;

create index api_key_by_old_secret on api_key (old_secret_hash);

-- Short-lived tokens that keys give. Only hashes are kept.
create table access_token (
    token_hash text primary key not null,
    key_id text not null references api_key (id) on delete cascade,
    scopes text not null,
    expires_at integer not null
) strict;

create index access_token_of_key on access_token (key_id);
create index access_token_by_end on access_token (expires_at);

-- Requests that happen once: what was asked under a key, and the answer; null while it is being made.
create table once (
    id text primary key not null,
    fingerprint text not null,
    begun_at integer not null,
    answer text
) strict;

create index once_by_age on once (begun_at);
