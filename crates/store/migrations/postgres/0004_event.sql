-- What other systems say happened. The same fingerprint and beginning from the same source is the same
-- event, however often it is sent.

create table event (
    source_id text not null references source (id) on delete cascade,
    fingerprint text not null,
    starts_at bigint not null,
    name text not null,
    severity text not null,
    firing boolean not null,
    ends_at bigint,
    labels text not null,
    annotations text not null,
    generator_url text not null,
    received_at bigint not null,
    primary key (source_id, fingerprint, starts_at)
);

create index event_by_received on event (received_at);
create index event_by_firing on event (firing, starts_at);
