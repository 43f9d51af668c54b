-- What is unusual in series, what people said of it, and when each series was looked at.

create table finding (
    series_id text not null references series (id) on delete cascade,
    begins bigint not null,
    last bigint not null,
    score double precision not null,
    -- What it rests on, as JSON.
    grounds text not null,
    verdict text,
    judged_at bigint,
    primary key (series_id, begins)
);

create index finding_by_last on finding (last);

create table finding_scan (
    series_id text primary key not null references series (id) on delete cascade,
    scanned_at bigint not null,
    next_at bigint not null,
    -- The scores, or why there are none, as JSON.
    outcome text not null
);

-- Only where somebody has set one, and since when it counts.
create table finding_threshold (
    series_id text primary key not null references series (id) on delete cascade,
    -- Null: the default again.
    threshold double precision,
    set_at bigint not null
);
