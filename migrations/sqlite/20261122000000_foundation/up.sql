-- Tenants, accounts, sessions, devices, settings, admin tokens and the audit log.
-- Times are ms since the Unix epoch; amounts are integers of 0.01 coin.

CREATE TABLE apps (
    id                TEXT    NOT NULL PRIMARY KEY,
    registration_open BOOLEAN NOT NULL,
    created_at_ms     BIGINT  NOT NULL
);

CREATE TABLE users (
    id                INTEGER  NOT NULL PRIMARY KEY AUTOINCREMENT,
    app_id            TEXT     NOT NULL REFERENCES apps (id),
    username          TEXT,
    -- the username in lower case: unique per app
    username_key      TEXT,
    password_hash     TEXT,
    nickname          TEXT     NOT NULL,
    name_id           INTEGER  NOT NULL,
    avatar_url        TEXT     NOT NULL,
    avatar_id         BIGINT   NOT NULL,
    mobile            TEXT,
    email             TEXT,
    description       TEXT,
    private_info      TEXT,
    public_info       TEXT,
    coin_cents        BIGINT   NOT NULL,
    vip_expires_at_ms BIGINT   NOT NULL,
    -- 0 active, 1 disabled, 2 deleted
    status            SMALLINT NOT NULL,
    -- the highest device_sn given out
    last_device_sn    INTEGER  NOT NULL,
    registered_at_ms  BIGINT   NOT NULL
);
CREATE UNIQUE INDEX users_app_username ON users (app_id, username_key);
CREATE UNIQUE INDEX users_app_mobile ON users (app_id, mobile);
CREATE UNIQUE INDEX users_app_email ON users (app_id, email);
CREATE INDEX users_app_id ON users (app_id, id);

CREATE TABLE settings (
    user_id            BIGINT   NOT NULL PRIMARY KEY REFERENCES users (id),
    auth_mode          SMALLINT NOT NULL,
    auth_question      TEXT,
    auth_answer        TEXT,
    auto_download      BOOLEAN  NOT NULL,
    group_confirm      BOOLEAN  NOT NULL,
    no_push            BOOLEAN  NOT NULL,
    no_push_detail     BOOLEAN  NOT NULL,
    no_push_start_hour SMALLINT NOT NULL,
    no_push_end_hour   SMALLINT NOT NULL,
    no_sounds          BOOLEAN  NOT NULL,
    push_nick_name     TEXT,
    push_token         TEXT,
    silence_start_time INTEGER,
    silence_end_time   INTEGER,
    vibratory          BOOLEAN  NOT NULL
);

CREATE TABLE devices (
    user_id          BIGINT   NOT NULL REFERENCES users (id),
    sn               INTEGER  NOT NULL,
    -- the device id that the client chose; absent when it sent none
    device_key       TEXT,
    -- 0 unknown, 1 ios, 2 android, 3 windows, 4 mac, 5 linux, 6 web
    platform         SMALLINT NOT NULL,
    platform_name    TEXT     NOT NULL,
    user_agent       TEXT     NOT NULL,
    last_login_at_ms BIGINT   NOT NULL,
    PRIMARY KEY (user_id, sn)
);
CREATE UNIQUE INDEX devices_user_device ON devices (user_id, device_key);

CREATE TABLE sessions (
    id              INTEGER  NOT NULL PRIMARY KEY AUTOINCREMENT,
    app_id          TEXT     NOT NULL REFERENCES apps (id),
    user_id         BIGINT   NOT NULL REFERENCES users (id),
    device_sn       INTEGER  NOT NULL,
    -- SHA-256 of the token
    token_hash      BLOB     NOT NULL UNIQUE,
    created_at_ms   BIGINT   NOT NULL,
    last_used_at_ms BIGINT   NOT NULL,
    expires_at_ms   BIGINT   NOT NULL,
    ended_at_ms     BIGINT,
    end_reason      SMALLINT
);
CREATE INDEX sessions_user_live ON sessions (user_id, ended_at_ms);

CREATE TABLE admin_tokens (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    app_id        TEXT    NOT NULL REFERENCES apps (id),
    name          TEXT    NOT NULL,
    -- SHA-256 of the token
    token_hash    BLOB    NOT NULL UNIQUE,
    created_at_ms BIGINT  NOT NULL,
    expires_at_ms BIGINT,
    revoked_at_ms BIGINT
);
CREATE UNIQUE INDEX admin_tokens_app_name ON admin_tokens (app_id, name) WHERE revoked_at_ms IS NULL;

CREATE TABLE audit_log (
    id         INTEGER  NOT NULL PRIMARY KEY AUTOINCREMENT,
    at_ms      BIGINT   NOT NULL,
    app_id     TEXT     NOT NULL,
    -- 0 nobody known yet, 1 a user, 2 an admin token, 3 the command line
    actor_kind SMALLINT NOT NULL,
    actor_id   BIGINT,
    -- the user that an admin token acted for
    for_user   BIGINT,
    action     TEXT     NOT NULL,
    target     TEXT     NOT NULL,
    address    TEXT     NOT NULL,
    request_id TEXT     NOT NULL,
    result     TEXT     NOT NULL
);
CREATE INDEX audit_log_app ON audit_log (app_id, id);

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
