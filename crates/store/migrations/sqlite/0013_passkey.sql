-- Passkeys: public keys whose private halves people's devices hold. Keep in step with
-- ../postgres/0013_passkey.sql.

create table passkey (
    id text primary key not null,
    user_id text not null references account (id) on delete cascade,
    name text not null,
    -- What the device calls the key, in base64url.
    credential_id text not null unique,
    -- The public key and the counter of its signatures, as JSON. Nothing in it is secret.
    credential text not null,
    created_at integer not null,
    -- Null for never.
    last_used_at integer
) strict;

create index passkey_of_user on passkey (user_id);

-- What a browser was asked to sign and has not sent back yet.
create table passkey_challenge (
    -- Who was asked: a session, a second step, or the cookie of a stranger; tokens are hashed.
    holder text primary key not null,
    -- What the answer is checked against, as JSON.
    state text not null,
    expires_at integer not null
) strict;

create index passkey_challenge_by_end on passkey_challenge (expires_at);
