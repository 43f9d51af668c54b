-- The audit log: what was done, tried and refused, each entry chained to the one before it by its
-- hash (see store::audit::chain). Every column of an entry is part of its hash.
-- Keep in step with ../postgres/0009_audit.sql.

create table audit_entry (
    -- Without gaps: the head is counted up in the transaction that adds the entry.
    seq integer primary key not null,
    at integer not null,
    outcome text not null,
    action text not null,
    actor_kind text not null,
    actor_id text not null,
    actor_name text not null,
    object_kind text not null,
    object_id text not null,
    object_name text not null,
    -- JSON, or null where there is nothing to tell.
    before text,
    after text,
    address text not null,
    request_id text not null,
    -- The hash of the entry before.
    prev text not null,
    hash text not null
) strict;

create index audit_entry_by_at on audit_entry (at);
create index audit_entry_by_object on audit_entry (object_id, seq);

create table audit_head (
    -- One row: the newest entry. Who adds one holds it until the transaction ends.
    one integer primary key not null check (one = 1),
    seq integer not null,
    hash text not null
) strict;

insert into audit_head (one, seq, hash)
values (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
