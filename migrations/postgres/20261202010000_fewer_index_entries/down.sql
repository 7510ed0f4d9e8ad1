DROP TRIGGER users_note_updated ON users;
CREATE OR REPLACE FUNCTION note_updated_user() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    PERFORM note_event(NEW.app_id, NEW.id, 'user.updated', json_build_object('changed', array_remove(ARRAY[
        CASE WHEN OLD.username IS DISTINCT FROM NEW.username THEN 'username' END,
        CASE WHEN OLD.nickname <> NEW.nickname THEN 'nick_name' END,
        CASE WHEN OLD.avatar_url <> NEW.avatar_url THEN 'avatar' END,
        CASE WHEN OLD.description IS DISTINCT FROM NEW.description THEN 'description' END,
        CASE WHEN OLD.public_info IS DISTINCT FROM NEW.public_info THEN 'public_info' END,
        CASE WHEN OLD.private_info IS DISTINCT FROM NEW.private_info THEN 'private_info' END,
        CASE WHEN OLD.vip_expires_at_ms <> NEW.vip_expires_at_ms THEN 'vip' END], NULL)));
    RETURN NULL;
END $$;
CREATE TRIGGER users_note_updated AFTER UPDATE OF username, nickname, avatar_url, description, public_info, private_info,
    vip_expires_at_ms ON users
FOR EACH ROW WHEN (NEW.status <> 2 AND (OLD.username, OLD.nickname, OLD.avatar_url, OLD.description, OLD.public_info,
    OLD.private_info, OLD.vip_expires_at_ms) IS DISTINCT FROM (NEW.username, NEW.nickname, NEW.avatar_url, NEW.description,
    NEW.public_info, NEW.private_info, NEW.vip_expires_at_ms))
EXECUTE FUNCTION note_updated_user();

CREATE OR REPLACE FUNCTION note_event(app TEXT, account BIGINT, name TEXT, detail JSON) RETURNS VOID LANGUAGE sql AS
$$
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, $2, $3, $4::TEXT FROM webhook_subscriptions WHERE app_id = $1 AND event = $3 ORDER BY webhook_id
$$;

DROP INDEX users_app_mobile;
CREATE UNIQUE INDEX users_app_mobile ON users (app_id, mobile);
DROP INDEX users_app_email;
CREATE UNIQUE INDEX users_app_email ON users (app_id, email);
DROP INDEX users_app_invitation_code;
CREATE UNIQUE INDEX users_app_invitation_code ON users (app_id, invitation_code);

CREATE INDEX audit_log_app ON audit_log (app_id, id);
