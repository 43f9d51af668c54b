-- How stocks are bought, and what was ordered of them.
-- Keep in step with ../postgres/0020_reorder.sql.

create table supply (
    series_id text primary key not null references series (id) on delete cascade,
    -- The series of what is taken; null where the stock itself tells it.
    demand_id text references series (id) on delete set null,
    supplier text not null,
    item text not null,
    lead_days integer not null,
    late_days integer not null,
    cover_days integer not null,
    service_percent real not null,
    pack real not null,
    least real not null,
    -- Minor units of a currency; both null where the price is not known.
    price_minor integer,
    price_currency text,
    -- What was ordered, when, and for when; all null where nothing was.
    ordered real,
    ordered_at integer,
    due_at integer
) strict;

create index supply_by_demand on supply (demand_id);
