-- The company's calendar: promotions, closures and what else is known beforehand. Whose public holidays
-- count is a setting.

create table calendar_entry (
    id text primary key not null,
    name text not null,
    kind text not null,
    -- Dates such as 2026-11-27, which sort as text.
    first_day text not null,
    last_day text not null,
    -- Null where it touches every series or chosen ones.
    source_id text references source (id) on delete cascade,
    -- Whether it touches the series in calendar_series and no others.
    chosen boolean not null
);

create index calendar_entry_by_source on calendar_entry (source_id);

create table calendar_series (
    entry_id text not null references calendar_entry (id) on delete cascade,
    series_id text not null references series (id) on delete cascade,
    primary key (entry_id, series_id)
);

create index calendar_series_by_series on calendar_series (series_id);
