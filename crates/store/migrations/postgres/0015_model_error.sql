-- How the models of each series did, point by point: a ring, whose places are written anew when it is full.

create table model_error (
    series_id text not null references series (id) on delete cascade,
    -- The place in the ring.
    slot bigint not null,
    -- Until when the model knew its series.
    at bigint not null,
    -- Which version it was.
    number bigint not null,
    -- In errors of that version's back-test, and those in errors of the naive forecast; null where it was not tried.
    error double precision not null,
    ratio double precision,
    -- When that version had drifted.
    drifted_at bigint,
    primary key (series_id, slot)
);
