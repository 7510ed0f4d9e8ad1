ALTER TABLE apps DROP COLUMN client_config;
