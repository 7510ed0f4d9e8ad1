-- A change of an account writes to fewer indexes, and its triggers parse nothing.

-- PostgreSQL writes an entry for the new version of a row into each index that the row is in. The new indexes are built
-- first, since running nodes can't read the accounts once an old one is dropped.
CREATE UNIQUE INDEX users_known_mobile ON users (app_id, mobile) WHERE mobile IS NOT NULL;
CREATE UNIQUE INDEX users_known_email ON users (app_id, email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX users_chosen_code ON users (app_id, invitation_code) WHERE invitation_code IS NOT NULL;
DROP INDEX users_app_mobile;
DROP INDEX users_app_email;
DROP INDEX users_app_invitation_code;
ALTER INDEX users_known_mobile RENAME TO users_app_mobile;
ALTER INDEX users_known_email RENAME TO users_app_email;
ALTER INDEX users_chosen_code RENAME TO users_app_invitation_code;

-- The index of the columns app_id, at_ms and id does the same.
DROP INDEX audit_log_app;

-- A function in SQL is parsed and planned at each call, one in PL/pgSQL once per connection.
CREATE OR REPLACE FUNCTION note_event(app TEXT, account BIGINT, name TEXT, detail JSON) RETURNS VOID LANGUAGE plpgsql AS
$$ BEGIN
    IF EXISTS (SELECT FROM webhook_subscriptions WHERE app_id = $1 AND event = $3) THEN
        INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
        SELECT webhook_id, $2, $3, $4::TEXT FROM webhook_subscriptions WHERE app_id = $1 AND event = $3 ORDER BY webhook_id;
    END IF;
END $$;

-- So is the condition of a trigger.
CREATE OR REPLACE FUNCTION note_updated_user() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF NEW.status <> 2 AND (OLD.username, OLD.nickname, OLD.avatar_url, OLD.description, OLD.public_info,
        OLD.private_info, OLD.vip_expires_at_ms) IS DISTINCT FROM (NEW.username, NEW.nickname, NEW.avatar_url,
        NEW.description, NEW.public_info, NEW.private_info, NEW.vip_expires_at_ms) THEN
        PERFORM note_event(NEW.app_id, NEW.id, 'user.updated', json_build_object('changed', array_remove(ARRAY[
            CASE WHEN OLD.username IS DISTINCT FROM NEW.username THEN 'username' END,
            CASE WHEN OLD.nickname <> NEW.nickname THEN 'nick_name' END,
            CASE WHEN OLD.avatar_url <> NEW.avatar_url THEN 'avatar' END,
            CASE WHEN OLD.description IS DISTINCT FROM NEW.description THEN 'description' END,
            CASE WHEN OLD.public_info IS DISTINCT FROM NEW.public_info THEN 'public_info' END,
            CASE WHEN OLD.private_info IS DISTINCT FROM NEW.private_info THEN 'private_info' END,
            CASE WHEN OLD.vip_expires_at_ms <> NEW.vip_expires_at_ms THEN 'vip' END], NULL)));
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER users_note_updated ON users;
CREATE TRIGGER users_note_updated AFTER UPDATE OF username, nickname, avatar_url, description, public_info, private_info,
    vip_expires_at_ms ON users
FOR EACH ROW EXECUTE FUNCTION note_updated_user();
