-- A link with which somebody who can sign in already chooses a new password is an invitation too, with
-- whose it is; null for newcomers.
-- Keep in step with ../sqlite/0019_password_link.sql.

alter table invitation add column user_id text references account (id) on delete cascade;
