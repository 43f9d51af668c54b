-- How well a source brings its data: what came twice, what came late, and when nothing came.
alter table source add column duplicates bigint not null default 0;
alter table source add column late bigint not null default 0;
alter table source add column gaps bigint not null default 0;
alter table source add column gap_from bigint;
alter table source add column gap_to bigint;
