-- What only one of several servers on one database does: who does it, and until when.
create table lease (
    name text primary key not null,
    holder text not null,
    until bigint not null
);
