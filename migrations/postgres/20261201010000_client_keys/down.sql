DROP INDEX media_client_keys;
ALTER TABLE media DROP COLUMN client_key;
