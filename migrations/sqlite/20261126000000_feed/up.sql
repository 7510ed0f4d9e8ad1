-- The feed is read by watermark: here in the order of ids, since SQLite has one writer at a time.
-- That an account is active evicts nothing any more: at many active users that was most of the feed.

-- always 0: only PostgreSQL needs it
ALTER TABLE changes ADD COLUMN transaction_id BIGINT NOT NULL DEFAULT 0;
DROP INDEX changes_at;

DROP TRIGGER users_note_change;
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status ON users
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.id);
END;
DROP TRIGGER sessions_note_change;
CREATE TRIGGER sessions_note_change AFTER UPDATE OF expires_at_ms ON sessions
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
CREATE TRIGGER user_medals_note_change AFTER UPDATE ON user_medals
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
-- admin tokens are cached with their app
CREATE TRIGGER admin_tokens_note_change AFTER UPDATE ON admin_tokens
BEGIN
    INSERT INTO changes (app_id) VALUES (NEW.app_id);
END;
CREATE TRIGGER admin_tokens_note_delete AFTER DELETE ON admin_tokens
BEGIN
    INSERT INTO changes (app_id) VALUES (OLD.app_id);
END;
CREATE TRIGGER users_note_delete AFTER DELETE ON users
BEGIN
    INSERT INTO changes (user_id) VALUES (OLD.id);
END;
CREATE TRIGGER apps_note_delete AFTER DELETE ON apps
BEGIN
    INSERT INTO changes (app_id) VALUES (OLD.id);
END;
