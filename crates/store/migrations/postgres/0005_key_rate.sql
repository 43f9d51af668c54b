-- How many samples a second a key may send; null for as many as it likes.
alter table api_key add column rate bigint;
