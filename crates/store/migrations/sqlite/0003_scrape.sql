-- Targets that are scraped. Each is a source; removing the source removes its target.

create table scrape_target (
    source_id text primary key not null references source (id) on delete cascade,
    url text not null,
    interval_seconds integer not null,
    timeout_seconds integer not null,
    -- As it was typed, since it has to be sent so. No page, log or answer ever holds it.
    token text,
    ca text,
    verify integer not null,
    paused integer not null,
    -- Changes with each change of the above: a running scrape knows by it that it is out of date.
    revision integer not null,
    -- How the last scrape went: null and null for not at all, then the one or the other.
    series integer,
    problem text
) strict;
