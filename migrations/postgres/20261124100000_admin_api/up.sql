-- What the operations of /user need: app secrets, push registration, and counts for deep pages of accounts.

-- an app's secret is derived from the server's secret and this number: another number is another secret
ALTER TABLE apps ADD COLUMN secret_version INTEGER NOT NULL DEFAULT 1;
-- whether a push registration must be signed
ALTER TABLE apps ADD COLUMN push_sign_required BOOLEAN NOT NULL DEFAULT FALSE;

-- grows whenever the account's devices change
ALTER TABLE users ADD COLUMN devices_version BIGINT NOT NULL DEFAULT 0;

-- whether a code or an admin showed that the number is the account's; the number of an account that only says so goes to
-- whoever shows it
ALTER TABLE users ADD COLUMN mobile_confirmed BOOLEAN NOT NULL DEFAULT TRUE;

CREATE TABLE push_tokens (
    user_id       BIGINT  NOT NULL REFERENCES users (id),
    device_sn     INTEGER NOT NULL,
    app_id        TEXT    NOT NULL REFERENCES apps (id),
    -- the push service's name of the device: it belongs to one device of the app
    device_token  TEXT    NOT NULL,
    -- the push service's certificate
    notifier_name TEXT    NOT NULL,
    PRIMARY KEY (user_id, device_sn)
);
CREATE UNIQUE INDEX push_tokens_app_token ON push_tokens (app_id, device_token);

CREATE TABLE push_profiles (
    user_id BIGINT  NOT NULL PRIMARY KEY REFERENCES users (id),
    app_id  TEXT    NOT NULL REFERENCES apps (id),
    alias   TEXT,
    badge   INTEGER NOT NULL
);
CREATE UNIQUE INDEX push_profiles_app_alias ON push_profiles (app_id, alias);

CREATE TABLE push_tags (
    user_id BIGINT NOT NULL REFERENCES users (id),
    tag     TEXT   NOT NULL,
    PRIMARY KEY (user_id, tag)
);

-- how many accounts of each range of 1024 ids are listed, so that a deep page need not be counted to; kept by triggers,
-- since accounts come one by one and in bulk
CREATE TABLE user_counts (
    app_id TEXT    NOT NULL REFERENCES apps (id),
    bucket BIGINT  NOT NULL,
    listed INTEGER NOT NULL,
    PRIMARY KEY (app_id, bucket)
);
INSERT INTO user_counts (app_id, bucket, listed)
SELECT app_id, id / 1024, COUNT(*) FROM users WHERE status <> 2 GROUP BY app_id, id / 1024;

CREATE FUNCTION count_new_users() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO user_counts (app_id, bucket, listed)
    SELECT app_id, id / 1024, COUNT(*) FROM added GROUP BY app_id, id / 1024 ORDER BY app_id, id / 1024
    ON CONFLICT (app_id, bucket) DO UPDATE SET listed = user_counts.listed + excluded.listed;
    RETURN NULL;
END $$;
CREATE TRIGGER users_count_new AFTER INSERT ON users REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION count_new_users();

CREATE FUNCTION count_deleted_user() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    UPDATE user_counts SET listed = listed - 1 WHERE app_id = NEW.app_id AND bucket = NEW.id / 1024;
    RETURN NULL;
END $$;
CREATE TRIGGER users_count_deleted AFTER UPDATE OF status ON users
FOR EACH ROW WHEN (OLD.status <> 2 AND NEW.status = 2) EXECUTE FUNCTION count_deleted_user();
