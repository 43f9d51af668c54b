-- What is unusual in series, what people said of it, and when each series was looked at.

create table finding (
    series_id text not null references series (id) on delete cascade,
    begins integer not null,
    last integer not null,
    score real not null,
    -- What it rests on, as JSON.
    grounds text not null,
    verdict text,
    judged_at integer,
    primary key (series_id, begins)
) strict;

create index finding_by_last on finding (last);

create table finding_scan (
    series_id text primary key not null references series (id) on delete cascade,
    scanned_at integer not null,
    next_at integer not null,
    -- The scores, or why there are none, as JSON.
    outcome text not null
) strict;

-- Only where somebody has set one, and since when it counts.
create table finding_threshold (
    series_id text primary key not null references series (id) on delete cascade,
    -- Null: the default again.
    threshold real,
    set_at integer not null
) strict;
