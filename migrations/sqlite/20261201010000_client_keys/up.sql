-- The name by which a client of Qiniu refers to its upload; the image has a name of its own.

ALTER TABLE media ADD COLUMN client_key TEXT;
CREATE INDEX media_user ON media (user_id, client_key);
