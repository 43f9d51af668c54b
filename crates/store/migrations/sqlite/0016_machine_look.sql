-- What came of looking at a machine as a whole: whether its series are unusual together.

create table machine_look (
    name text primary key not null,
    looked_at integer not null,
    next_at integer not null,
    -- What was found, or why nothing can be said, as JSON.
    outcome text not null
) strict;
