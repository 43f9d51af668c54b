-- How the company's cash is foreseen, and the payments that are known beforehand.
-- Keep in step with ../sqlite/0021_cash.sql.

create table cash_terms (
    -- One line at most.
    id bigint primary key not null check (id = 1),
    account_id text not null references series (id) on delete cascade,
    -- Both null where the account's own changes say what usually comes and goes.
    inflow_id text references series (id) on delete set null,
    outflow_id text references series (id) on delete set null,
    in_days bigint not null,
    out_days bigint not null,
    late_days bigint not null
);

create index cash_terms_by_account on cash_terms (account_id);
create index cash_terms_by_inflow on cash_terms (inflow_id);
create index cash_terms_by_outflow on cash_terms (outflow_id);

create table cash_item (
    id text primary key not null,
    -- "in" or "out".
    side text not null,
    name text not null,
    -- Minor units of the currency.
    minor bigint not null,
    currency text not null,
    -- A date such as 2026-12-15.
    due text not null,
    -- The demo company's go with it.
    source_id text references source (id) on delete cascade
);

create index cash_item_by_source on cash_item (source_id);

-- Who replaces payments changes this line first, so that two who do it at once do so one after the other.
create table cash_turn (
    id bigint primary key not null check (id = 1),
    turn bigint not null
);

insert into cash_turn (id, turn) values (1, 0);
