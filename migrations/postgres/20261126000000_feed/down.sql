DROP TRIGGER apps_note_delete ON apps;
DROP FUNCTION note_deleted_app();
DROP TRIGGER users_note_delete ON users;
DROP FUNCTION note_deleted_user();
DROP TRIGGER admin_tokens_note_change ON admin_tokens;
DROP FUNCTION note_change_of_app();
DROP TRIGGER sessions_note_change ON sessions;
CREATE TRIGGER sessions_note_change AFTER UPDATE OF last_used_at_ms, expires_at_ms ON sessions
FOR EACH ROW EXECUTE FUNCTION note_change_of_user();
DROP TRIGGER users_note_change ON users;
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status, last_active_at_ms, last_active_day,
    online_days, continuous_online_days ON users
FOR EACH ROW EXECUTE FUNCTION note_user_change();
DROP FUNCTION feed_transaction();
CREATE INDEX changes_at ON changes (at_ms);
DROP INDEX changes_transaction;
ALTER TABLE changes DROP COLUMN transaction_id;
