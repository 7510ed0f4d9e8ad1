-- A login without a device id gets a generated one, so that each session can be named and ended.

ALTER TABLE devices ADD COLUMN is_generated BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE devices SET device_key = 'generated-' || user_id || '-' || sn, is_generated = TRUE WHERE device_key IS NULL;
