-- On which grid a series was looked at, and how many points of it were judged on its latest day, or in its latest period
-- where that is longer: of so many chance may bring a finding. Null where nothing could be said, and until a series is
-- looked at again.
-- Keep in step with ../sqlite/0022_scan_points.sql.

alter table finding_scan add column step text;
alter table finding_scan add column points bigint;

-- What came of a look is long, and is not to be read past for these.
create index finding_scan_points on finding_scan (step, points, series_id);
