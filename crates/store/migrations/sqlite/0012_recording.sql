-- Expressions that are evaluated at an interval and kept as series. Each is a source; removing the
-- source removes its rule.

create table recording_rule (
    source_id text primary key not null references source (id) on delete cascade,
    expression text not null,
    every_seconds integer not null,
    unit text not null,
    domain text not null,
    limit_value real,
    limit_direction text,
    paused integer not null,
    -- Changes with each change of the above: a running evaluation knows by it that it is out of date.
    revision integer not null,
    -- Evaluated up to this instant and with it, in microseconds.
    done_until integer not null,
    -- How the last evaluation went: null and null for not at all, then the one or the other.
    series integer,
    problem text
) strict;
