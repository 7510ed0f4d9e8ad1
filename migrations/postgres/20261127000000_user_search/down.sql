DROP INDEX users_app_nickname;
DROP TRIGGER users_note_change ON users;
ALTER TABLE users
    ALTER COLUMN username_key TYPE TEXT COLLATE "default",
    ALTER COLUMN mobile TYPE TEXT COLLATE "default",
    ALTER COLUMN email TYPE TEXT COLLATE "default",
    ALTER COLUMN nickname TYPE TEXT COLLATE "default";
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status ON users
FOR EACH ROW EXECUTE FUNCTION note_user_change();
