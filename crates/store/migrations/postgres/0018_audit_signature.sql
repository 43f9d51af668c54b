-- Who can write to the database can hash entries anew; the signature of each hash they cannot make.
-- Empty for entries of before, which what is signed later proves.
-- Keep in step with ../sqlite/0018_audit_signature.sql.

alter table audit_entry add column signature text not null default '';
