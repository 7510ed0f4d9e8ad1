-- Where the last login of an account came from, by its address.

ALTER TABLE users ADD COLUMN place TEXT NOT NULL DEFAULT '';

DROP TRIGGER users_note_change ON users;
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status, invitation_code, place ON users
FOR EACH ROW EXECUTE FUNCTION note_user_change();
