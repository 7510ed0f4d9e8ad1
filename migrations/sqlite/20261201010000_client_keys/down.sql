DROP INDEX media_user;
ALTER TABLE media DROP COLUMN client_key;
