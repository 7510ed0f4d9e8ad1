-- Accounts are found by the beginning of a name: a range of an index. The login names, numbers and addresses have theirs.
-- In the order of their bytes, as on SQLite: in that of a language a beginning is no range.

-- a trigger keeps the types of the columns that it names
DROP TRIGGER users_note_change ON users;
ALTER TABLE users
    ALTER COLUMN username_key TYPE TEXT COLLATE "C",
    ALTER COLUMN mobile TYPE TEXT COLLATE "C",
    ALTER COLUMN email TYPE TEXT COLLATE "C",
    ALTER COLUMN nickname TYPE TEXT COLLATE "C";
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status ON users
FOR EACH ROW EXECUTE FUNCTION note_user_change();
CREATE INDEX users_app_nickname ON users (app_id, nickname, id);
