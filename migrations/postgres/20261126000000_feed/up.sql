-- The feed is read by watermark: here by the ids of transactions, since rows become visible in the order of commits.
-- That an account is active evicts nothing any more: at many active users that was most of the feed.

ALTER TABLE changes ADD COLUMN transaction_id BIGINT NOT NULL DEFAULT pg_current_xact_id()::TEXT::BIGINT;
CREATE INDEX changes_transaction ON changes (transaction_id);
DROP INDEX changes_at;

-- the id of the running transaction, NULL when it has written nothing
CREATE FUNCTION feed_transaction() RETURNS BIGINT LANGUAGE sql STABLE AS
$$ SELECT pg_current_xact_id_if_assigned()::TEXT::BIGINT $$;

DROP TRIGGER users_note_change ON users;
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status ON users
FOR EACH ROW EXECUTE FUNCTION note_user_change();
DROP TRIGGER sessions_note_change ON sessions;
CREATE TRIGGER sessions_note_change AFTER UPDATE OF expires_at_ms ON sessions
FOR EACH ROW EXECUTE FUNCTION note_change_of_user();

-- admin tokens are cached with their app
CREATE FUNCTION note_change_of_app() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO changes (app_id) VALUES (OLD.app_id);
    RETURN NULL;
END $$;
CREATE TRIGGER admin_tokens_note_change AFTER UPDATE OR DELETE ON admin_tokens
FOR EACH ROW EXECUTE FUNCTION note_change_of_app();

CREATE FUNCTION note_deleted_user() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO changes (user_id) VALUES (OLD.id);
    RETURN NULL;
END $$;
CREATE TRIGGER users_note_delete AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION note_deleted_user();
CREATE FUNCTION note_deleted_app() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO changes (app_id) VALUES (OLD.id);
    RETURN NULL;
END $$;
CREATE TRIGGER apps_note_delete AFTER DELETE ON apps FOR EACH ROW EXECUTE FUNCTION note_deleted_app();
