PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE __diesel_schema_migrations (
       version VARCHAR(50) PRIMARY KEY NOT NULL,
       run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO __diesel_schema_migrations VALUES('20261122000000','2026-11-26 17:36:10');
INSERT INTO __diesel_schema_migrations VALUES('20261122100000','2026-11-26 17:36:10');
INSERT INTO __diesel_schema_migrations VALUES('20261122110000','2026-11-26 17:36:10');
INSERT INTO __diesel_schema_migrations VALUES('20261122120000','2026-11-26 17:36:10');
INSERT INTO __diesel_schema_migrations VALUES('20261122130000','2026-11-26 17:36:10');
INSERT INTO __diesel_schema_migrations VALUES('20261124100000','2026-11-26 17:36:10');
INSERT INTO __diesel_schema_migrations VALUES('20261124110000','2026-11-26 17:36:10');
INSERT INTO __diesel_schema_migrations VALUES('20261125100000','2026-11-26 17:36:10');
INSERT INTO __diesel_schema_migrations VALUES('20261125110000','2026-11-26 17:36:10');
INSERT INTO __diesel_schema_migrations VALUES('20261126000000','2026-11-26 17:36:10');
INSERT INTO __diesel_schema_migrations VALUES('20261126010000','2026-11-26 17:36:10');
INSERT INTO __diesel_schema_migrations VALUES('20261126020000','2026-11-26 17:36:10');
CREATE TABLE apps (
    id                TEXT    NOT NULL PRIMARY KEY,
    registration_open BOOLEAN NOT NULL,
    created_at_ms     BIGINT  NOT NULL
, secret_version INTEGER NOT NULL DEFAULT 1, push_sign_required BOOLEAN NOT NULL DEFAULT FALSE);
INSERT INTO apps VALUES('default',1,1795714571054,1,0);
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
, last_active_at_ms BIGINT NOT NULL DEFAULT 0, last_active_day INTEGER NOT NULL DEFAULT 0, online_days INTEGER NOT NULL DEFAULT 0, continuous_online_days INTEGER NOT NULL DEFAULT 0, coin_records BIGINT NOT NULL DEFAULT 0, devices_version BIGINT NOT NULL DEFAULT 0, mobile_confirmed BOOLEAN NOT NULL DEFAULT TRUE);
INSERT INTO users VALUES(1,'default','alice','alice','hmac-sha256:$2b$10$Dhks3L4BQ/d8vVvBdJmQWOiFitL.MrTwFUEp5zpoAV7y3F2d4fzkG','爱丽丝 🐇',2,'https://img.example/a.png',1,NULL,NULL,NULL,NULL,NULL,1025,2111074575160,0,1,1795714571861,1795714574513,20784,1,1,2,1,1);
INSERT INTO users VALUES(2,'default','bob','bob','hmac-sha256:$2b$10$g5lRO7leSB99ruF9y5BEN.xilfZqAYiQfTKbZiBHiYW6GFyQntg.O','bob',1,'',0,NULL,NULL,NULL,NULL,NULL,0,0,0,0,1795714572649,0,0,0,0,0,0,1);
INSERT INTO users VALUES(3,'default','carol','carol','hmac-sha256:$2b$10$7Yitf8nrTsJtbkQNzzl3W.9tGsyix4mVj7QITYn5iZ2JwI05oVw2W','carol',1,'',0,NULL,NULL,NULL,NULL,NULL,0,0,1,0,1795714573298,0,0,0,0,0,0,1);
INSERT INTO users VALUES(4,'default',NULL,NULL,NULL,'',1,'',0,NULL,NULL,NULL,NULL,NULL,0,0,2,0,1795714573901,0,0,0,0,0,0,1);
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
    last_login_at_ms BIGINT   NOT NULL, is_generated BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (user_id, sn)
);
INSERT INTO devices VALUES(1,1,'phone',0,'','curl/7.88.1',1795714574513,0);
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
INSERT INTO sessions VALUES(1,'default',1,1,X'baa0cf739eff009ec732fc983faf906288e80c1f5f9d190c87359bf2b6ae4ecb',1795714574513,1795714574513,2111074574513,NULL,NULL);
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
INSERT INTO admin_tokens VALUES(1,'default','ops',X'bdeb69f53bd0c8ec00367a44baa23e952fc1812488c01465d991efd447ae1dd7',1795714571212,NULL,NULL);
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
INSERT INTO audit_log VALUES(1,1795714571054,'default',3,NULL,NULL,'app.create','default','','','ok');
INSERT INTO audit_log VALUES(2,1795714571212,'default',3,NULL,NULL,'admin_token.create','ops','','','ok');
INSERT INTO audit_log VALUES(3,1795714571861,'default',0,NULL,NULL,'account.register','1','127.0.0.1','6576798905646020','ok');
INSERT INTO audit_log VALUES(4,1795714572649,'default',0,NULL,NULL,'account.register','2','127.0.0.1','1460381873983553','ok');
INSERT INTO audit_log VALUES(5,1795714573298,'default',0,NULL,NULL,'account.register','3','127.0.0.1','7963278443460231','ok');
INSERT INTO audit_log VALUES(6,1795714573901,'default',0,NULL,NULL,'account.register','4','127.0.0.1','1248468877656512','ok');
INSERT INTO audit_log VALUES(7,1795714574513,'default',0,NULL,NULL,'session.login','1','127.0.0.1','14473886899090','ok');
INSERT INTO audit_log VALUES(8,1795714574989,'default',3,NULL,NULL,'coins.adjust','1: record 1','','','ok');
INSERT INTO audit_log VALUES(9,1795714575051,'default',3,NULL,NULL,'coins.adjust','1: record 2','','','ok');
INSERT INTO audit_log VALUES(10,1795714575160,'default',3,NULL,NULL,'vip.grant','1: 3650 days','','','ok');
INSERT INTO audit_log VALUES(11,1795714575216,'default',3,NULL,NULL,'medal.define','First','','','ok');
INSERT INTO audit_log VALUES(12,1795714575334,'default',3,NULL,NULL,'medal.grant','1: 1','','','ok');
INSERT INTO audit_log VALUES(13,1795714575434,'default',3,NULL,NULL,'ban.set','2','','','ok');
INSERT INTO audit_log VALUES(14,1795714575478,'default',3,NULL,NULL,'category.create','Music','','','ok');
INSERT INTO audit_log VALUES(15,1795714575533,'default',3,NULL,NULL,'group.create','Choir','','','ok');
INSERT INTO audit_log VALUES(16,1795714575571,'default',3,NULL,NULL,'bot.create','Helper','','','ok');
INSERT INTO audit_log VALUES(17,1795714575670,'default',3,NULL,NULL,'account.disable','3','','','ok');
INSERT INTO audit_log VALUES(18,1795714575804,'default',3,NULL,4,'account.delete','4','','','ok');
INSERT INTO audit_log VALUES(19,1795714578236,'default',0,NULL,NULL,'session.login','3','127.0.0.1','36828228844114','account disabled');
INSERT INTO audit_log VALUES(20,1795714578761,'default',0,NULL,NULL,'session.login','name:dave','127.0.0.1','2211130262060773','login refused');
CREATE TABLE personal_data (
    user_id       BIGINT   NOT NULL PRIMARY KEY REFERENCES users (id),
    introduction  TEXT     NOT NULL,
    -- 1 male, 2 female, 3 other, 0 not told
    gender        SMALLINT NOT NULL,
    birthday_secs BIGINT   NOT NULL,
    province      TEXT     NOT NULL,
    city          TEXT     NOT NULL,
    district      TEXT     NOT NULL,
    location_code TEXT     NOT NULL,
    updated_at_ms BIGINT   NOT NULL
);
CREATE TABLE remarks (
    user_id   BIGINT NOT NULL REFERENCES users (id),
    -- whom the remark is about
    friend_id BIGINT NOT NULL REFERENCES users (id),
    name      TEXT   NOT NULL,
    phone     TEXT   NOT NULL,
    others    TEXT   NOT NULL,
    PRIMARY KEY (user_id, friend_id)
);
INSERT INTO remarks VALUES(1,2,'Bobby','1','');
CREATE TABLE medals (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    app_id      TEXT    NOT NULL REFERENCES apps (id),
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    image_url   TEXT    NOT NULL,
    -- lower stands first
    sort        INTEGER NOT NULL
);
INSERT INTO medals VALUES(1,'default','First','','https://img.example/m.png',0);
CREATE TABLE user_medals (
    user_id       BIGINT NOT NULL REFERENCES users (id),
    medal_id      BIGINT NOT NULL REFERENCES medals (id),
    granted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, medal_id)
);
INSERT INTO user_medals VALUES(1,1,1795714575334);
CREATE TABLE bans (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id    BIGINT  NOT NULL UNIQUE REFERENCES users (id),
    reason     TEXT    NOT NULL,
    ends_at_ms BIGINT  NOT NULL
);
INSERT INTO bans VALUES(1,2,'spam',2000000000000);
CREATE TABLE coin_ledger (
    id              INTEGER  NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id         BIGINT   NOT NULL REFERENCES users (id),
    -- counts the rows of the account from 1, without gaps: a page is a range of these
    seq             BIGINT   NOT NULL,
    typ             SMALLINT NOT NULL,
    before_cents    BIGINT   NOT NULL,
    change_cents    BIGINT   NOT NULL,
    after_cents     BIGINT   NOT NULL,
    reason          TEXT     NOT NULL,
    remark          TEXT     NOT NULL,
    -- chosen by who made the change: the same key makes no second row
    idempotency_key TEXT     NOT NULL,
    created_at_ms   BIGINT   NOT NULL,
    CHECK (after_cents = before_cents + change_cents AND after_cents >= 0 AND change_cents <> 0)
);
INSERT INTO coin_ledger VALUES(1,1,1,2,0,1250,1250,'welcome','','k1',1795714574989);
INSERT INTO coin_ledger VALUES(2,1,2,6,1250,-225,1025,'gift','','k2',1795714575051);
CREATE TABLE notifications (
    id              INTEGER  NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id         BIGINT   NOT NULL REFERENCES users (id),
    -- the id that the client chose for its device
    device_key      TEXT     NOT NULL,
    registration_id TEXT     NOT NULL,
    is_open         BOOLEAN  NOT NULL,
    kind            INTEGER  NOT NULL,
    created_at_ms   BIGINT   NOT NULL,
    updated_at_ms   BIGINT   NOT NULL
);
INSERT INTO notifications VALUES(1,1,'phone','r',0,0,1795714576668,1795714576668);
CREATE TABLE module_ignores (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id       BIGINT  NOT NULL REFERENCES users (id),
    device_key    TEXT    NOT NULL,
    ignored       TEXT    NOT NULL,
    updated_at_ms BIGINT  NOT NULL
);
CREATE TABLE categories (
    id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    app_id TEXT    NOT NULL REFERENCES apps (id),
    name   TEXT    NOT NULL,
    -- lower stands first
    sort   INTEGER NOT NULL
);
INSERT INTO categories VALUES(1,'default','Music',0);
CREATE TABLE recommended_groups (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    app_id        TEXT    NOT NULL REFERENCES apps (id),
    category_id   BIGINT  NOT NULL REFERENCES categories (id),
    nickname      TEXT    NOT NULL,
    -- what keywords are looked for in: nickname and introduction in lower case
    search_text   TEXT    NOT NULL,
    introduction  TEXT    NOT NULL,
    avatar_url    TEXT    NOT NULL,
    headcount     INTEGER NOT NULL,
    is_banned     BOOLEAN NOT NULL,
    created_at_ms BIGINT  NOT NULL
);
INSERT INTO recommended_groups VALUES(1,'default',1,'Choir',replace('choir\nsinging','\n',char(10)),'Singing','',7,0,1795714575533);
CREATE TABLE recommended_group_counts (
    app_id      TEXT    NOT NULL REFERENCES apps (id),
    category_id BIGINT  NOT NULL,
    bucket      BIGINT  NOT NULL,
    shown       INTEGER NOT NULL,
    PRIMARY KEY (app_id, category_id, bucket)
);
INSERT INTO recommended_group_counts VALUES('default',0,0,1);
INSERT INTO recommended_group_counts VALUES('default',1,0,1);
CREATE TABLE recommended_bots (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    app_id        TEXT    NOT NULL REFERENCES apps (id),
    nickname      TEXT    NOT NULL,
    introduction  TEXT    NOT NULL,
    avatar_url    TEXT    NOT NULL,
    headcount     INTEGER NOT NULL,
    is_add        BOOLEAN NOT NULL,
    always_agree  BOOLEAN NOT NULL
);
INSERT INTO recommended_bots VALUES(1,'default','Helper','Helps','',0,1,0);
CREATE TABLE ads (
    app_id          TEXT    NOT NULL PRIMARY KEY REFERENCES apps (id),
    is_shown        BOOLEAN NOT NULL,
    android_code_id TEXT    NOT NULL,
    ios_code_id     TEXT    NOT NULL,
    bottom_height   INTEGER NOT NULL
);
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
CREATE TABLE push_profiles (
    user_id BIGINT  NOT NULL PRIMARY KEY REFERENCES users (id),
    app_id  TEXT    NOT NULL REFERENCES apps (id),
    alias   TEXT,
    badge   INTEGER NOT NULL
);
CREATE TABLE push_tags (
    user_id BIGINT NOT NULL REFERENCES users (id),
    tag     TEXT   NOT NULL,
    PRIMARY KEY (user_id, tag)
);
CREATE TABLE user_counts (
    app_id TEXT    NOT NULL REFERENCES apps (id),
    bucket BIGINT  NOT NULL,
    listed INTEGER NOT NULL,
    PRIMARY KEY (app_id, bucket)
);
INSERT INTO user_counts VALUES('default',0,3);
CREATE TABLE imports (
    app_id        TEXT   NOT NULL REFERENCES apps (id),
    -- SHA-256 of the file
    content_hash  TEXT   NOT NULL,
    records_done  BIGINT NOT NULL,
    started_at_ms BIGINT NOT NULL,
    PRIMARY KEY (app_id, content_hash)
);
CREATE TABLE changes (
    -- never given out twice, also when all rows have gone
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- by the database's clock
    at_ms      BIGINT  NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER)),
    -- the app that changed
    app_id     TEXT,
    -- the account that changed
    user_id    BIGINT,
    -- the session of that account that ended
    session_id BIGINT
, transaction_id BIGINT NOT NULL DEFAULT 0);
INSERT INTO changes VALUES(1,1795714574586,NULL,1,NULL,0);
INSERT INTO changes VALUES(2,1795714574707,NULL,1,NULL,0);
INSERT INTO changes VALUES(3,1795714574990,NULL,1,NULL,0);
INSERT INTO changes VALUES(4,1795714575053,NULL,1,NULL,0);
INSERT INTO changes VALUES(5,1795714575165,NULL,1,NULL,0);
INSERT INTO changes VALUES(6,1795714575335,NULL,1,NULL,0);
INSERT INTO changes VALUES(7,1795714575435,NULL,2,NULL,0);
INSERT INTO changes VALUES(8,1795714575670,NULL,3,NULL,0);
INSERT INTO changes VALUES(9,1795714575811,NULL,4,NULL,0);
CREATE TABLE secret_check (
    -- one row
    id  INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    mac TEXT    NOT NULL
);
INSERT INTO secret_check VALUES(1,'d31ce4ed98d92c285418773f9c93026e4dca7dd0dabda416d876d33b8c94405e');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('changes',9);
INSERT INTO sqlite_sequence VALUES('audit_log',20);
INSERT INTO sqlite_sequence VALUES('admin_tokens',1);
INSERT INTO sqlite_sequence VALUES('users',4);
INSERT INTO sqlite_sequence VALUES('sessions',1);
INSERT INTO sqlite_sequence VALUES('coin_ledger',2);
INSERT INTO sqlite_sequence VALUES('medals',1);
INSERT INTO sqlite_sequence VALUES('bans',1);
INSERT INTO sqlite_sequence VALUES('categories',1);
INSERT INTO sqlite_sequence VALUES('recommended_groups',1);
INSERT INTO sqlite_sequence VALUES('recommended_bots',1);
INSERT INTO sqlite_sequence VALUES('notifications',1);
CREATE UNIQUE INDEX users_app_username ON users (app_id, username_key);
CREATE UNIQUE INDEX users_app_mobile ON users (app_id, mobile);
CREATE UNIQUE INDEX users_app_email ON users (app_id, email);
CREATE INDEX users_app_id ON users (app_id, id);
CREATE UNIQUE INDEX devices_user_device ON devices (user_id, device_key);
CREATE INDEX sessions_user_live ON sessions (user_id, ended_at_ms);
CREATE UNIQUE INDEX admin_tokens_app_name ON admin_tokens (app_id, name) WHERE revoked_at_ms IS NULL;
CREATE INDEX audit_log_app ON audit_log (app_id, id);
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE UNIQUE INDEX medals_app_name ON medals (app_id, name);
CREATE UNIQUE INDEX coin_ledger_user_seq ON coin_ledger (user_id, seq);
CREATE UNIQUE INDEX coin_ledger_user_idempotency ON coin_ledger (user_id, idempotency_key);
CREATE TRIGGER coin_ledger_no_update BEFORE UPDATE ON coin_ledger
BEGIN SELECT RAISE(ABORT, 'the coin ledger is append-only'); END;
CREATE TRIGGER coin_ledger_no_delete BEFORE DELETE ON coin_ledger
BEGIN SELECT RAISE(ABORT, 'the coin ledger is append-only'); END;
CREATE UNIQUE INDEX notifications_user_device ON notifications (user_id, device_key);
CREATE UNIQUE INDEX module_ignores_user_device ON module_ignores (user_id, device_key);
CREATE UNIQUE INDEX categories_app_name ON categories (app_id, name);
CREATE INDEX recommended_groups_shown ON recommended_groups (category_id, is_banned, id);
CREATE INDEX recommended_groups_all ON recommended_groups (app_id, is_banned, id);
CREATE INDEX recommended_bots_app ON recommended_bots (app_id, id);
CREATE UNIQUE INDEX push_tokens_app_token ON push_tokens (app_id, device_token);
CREATE UNIQUE INDEX push_profiles_app_alias ON push_profiles (app_id, alias);
CREATE TRIGGER users_count_new AFTER INSERT ON users
BEGIN
    INSERT INTO user_counts (app_id, bucket, listed) VALUES (NEW.app_id, NEW.id / 1024, 1)
    ON CONFLICT (app_id, bucket) DO UPDATE SET listed = listed + 1;
END;
CREATE TRIGGER users_count_deleted AFTER UPDATE OF status ON users WHEN OLD.status <> 2 AND NEW.status = 2
BEGIN
    UPDATE user_counts SET listed = listed - 1 WHERE app_id = NEW.app_id AND bucket = NEW.id / 1024;
END;
CREATE TRIGGER apps_note_change AFTER UPDATE ON apps
BEGIN
    INSERT INTO changes (app_id) VALUES (NEW.id);
END;
CREATE TRIGGER users_note_shut AFTER UPDATE OF status ON users WHEN NEW.status <> 0
BEGIN
    INSERT INTO changes (user_id, session_id)
    SELECT user_id, id FROM sessions WHERE user_id = NEW.id AND ended_at_ms IS NULL;
END;
CREATE TRIGGER sessions_note_end AFTER UPDATE OF ended_at_ms ON sessions
BEGIN
    INSERT INTO changes (user_id, session_id) VALUES (NEW.user_id, NEW.id);
END;
CREATE TRIGGER sessions_note_delete AFTER DELETE ON sessions
BEGIN
    INSERT INTO changes (user_id, session_id) VALUES (OLD.user_id, OLD.id);
END;
CREATE TRIGGER personal_data_note_new AFTER INSERT ON personal_data
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
CREATE TRIGGER personal_data_note_change AFTER UPDATE ON personal_data
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
CREATE TRIGGER personal_data_note_delete AFTER DELETE ON personal_data
BEGIN
    INSERT INTO changes (user_id) VALUES (OLD.user_id);
END;
CREATE TRIGGER medals_note_change AFTER UPDATE ON medals
BEGIN
    INSERT INTO changes (user_id) SELECT user_id FROM user_medals WHERE medal_id = NEW.id;
END;
CREATE TRIGGER user_medals_note_new AFTER INSERT ON user_medals
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
CREATE TRIGGER user_medals_note_delete AFTER DELETE ON user_medals
BEGIN
    INSERT INTO changes (user_id) VALUES (OLD.user_id);
END;
CREATE TRIGGER bans_note_new AFTER INSERT ON bans
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
CREATE TRIGGER bans_note_change AFTER UPDATE ON bans
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
CREATE TRIGGER bans_note_delete AFTER DELETE ON bans
BEGIN
    INSERT INTO changes (user_id) VALUES (OLD.user_id);
END;
CREATE TRIGGER coin_ledger_no_replacement BEFORE INSERT ON coin_ledger
WHEN EXISTS (SELECT 1 FROM coin_ledger WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM coin_ledger WHERE user_id = NEW.user_id AND seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM coin_ledger WHERE user_id = NEW.user_id AND idempotency_key = NEW.idempotency_key)
BEGIN
    SELECT RAISE(ABORT, 'the coin ledger is append-only');
END;
CREATE TRIGGER audit_log_no_replacement BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status ON users
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.id);
END;
CREATE TRIGGER sessions_note_change AFTER UPDATE OF expires_at_ms ON sessions
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
CREATE TRIGGER user_medals_note_change AFTER UPDATE ON user_medals
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
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
COMMIT;
