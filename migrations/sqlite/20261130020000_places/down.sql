DROP TRIGGER users_note_change;
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status, invitation_code ON users
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.id);
END;
ALTER TABLE users DROP COLUMN place;
