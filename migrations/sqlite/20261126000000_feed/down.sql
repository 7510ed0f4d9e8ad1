DROP TRIGGER apps_note_delete;
DROP TRIGGER users_note_delete;
DROP TRIGGER admin_tokens_note_delete;
DROP TRIGGER admin_tokens_note_change;
DROP TRIGGER user_medals_note_change;
DROP TRIGGER sessions_note_change;
CREATE TRIGGER sessions_note_change AFTER UPDATE OF last_used_at_ms, expires_at_ms ON sessions
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
DROP TRIGGER users_note_change;
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status, last_active_at_ms, last_active_day,
    online_days, continuous_online_days ON users
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.id);
END;
CREATE INDEX changes_at ON changes (at_ms);
ALTER TABLE changes DROP COLUMN transaction_id;
