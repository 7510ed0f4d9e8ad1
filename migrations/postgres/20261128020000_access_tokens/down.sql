ALTER TABLE apps DROP COLUMN access_token_claims;
ALTER TABLE apps DROP COLUMN access_token_secs;
ALTER TABLE apps DROP COLUMN access_token_audiences;
DROP TABLE signing_keys;
