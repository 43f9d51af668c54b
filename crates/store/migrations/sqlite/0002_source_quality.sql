-- How well a source brings its data: what came twice, what came late, and when nothing came.
alter table source add column duplicates integer not null default 0;
alter table source add column late integer not null default 0;
alter table source add column gaps integer not null default 0;
alter table source add column gap_from integer;
alter table source add column gap_to integer;
