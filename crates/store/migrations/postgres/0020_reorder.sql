-- How stocks are bought, and what was ordered of them.
-- Keep in step with ../sqlite/0020_reorder.sql.

create table supply (
    series_id text primary key not null references series (id) on delete cascade,
    -- The series of what is taken; null where the stock itself tells it.
    demand_id text references series (id) on delete set null,
    supplier text not null,
    item text not null,
    lead_days bigint not null,
    late_days bigint not null,
    cover_days bigint not null,
    service_percent double precision not null,
    pack double precision not null,
    least double precision not null,
    -- Minor units of a currency; both null where the price is not known.
    price_minor bigint,
    price_currency text,
    -- What was ordered, when, and for when; all null where nothing was.
    ordered double precision,
    ordered_at bigint,
    due_at bigint
);

create index supply_by_demand on supply (demand_id);
