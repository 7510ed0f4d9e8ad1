UPDATE devices SET device_key = NULL WHERE is_generated;
ALTER TABLE devices DROP COLUMN is_generated;
