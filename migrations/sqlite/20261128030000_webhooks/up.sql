-- Webhooks: what happens to accounts is posted to other servers. Triggers write it, in the transaction of the change, so
-- that nothing is missed, whoever makes the change.

CREATE TABLE webhooks (
    id                       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    app_id                   TEXT    NOT NULL REFERENCES apps (id),
    url                      TEXT    NOT NULL,
    -- its secret is derived from the server's secret and this number: another number is another secret
    secret_version           INTEGER NOT NULL,
    -- until when posts are signed with the secret before, too
    previous_secret_until_ms BIGINT  NOT NULL,
    -- whether what it is asked about is allowed if it can't be asked
    fails_open               BOOLEAN NOT NULL,
    created_at_ms            BIGINT  NOT NULL
);
CREATE INDEX webhooks_app ON webhooks (app_id, id);

CREATE TABLE webhook_subscriptions (
    app_id     TEXT   NOT NULL REFERENCES apps (id),
    event      TEXT   NOT NULL,
    webhook_id BIGINT NOT NULL REFERENCES webhooks (id),
    PRIMARY KEY (app_id, event, webhook_id)
);
CREATE INDEX webhook_subscriptions_webhook ON webhook_subscriptions (webhook_id);

CREATE TABLE webhook_deliveries (
    id                 INTEGER  NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- of a webhook that may have been deleted since
    webhook_id         BIGINT   NOT NULL,
    user_id            BIGINT   NOT NULL,
    event              TEXT     NOT NULL,
    -- when it happened, by the database's clock
    at_ms              BIGINT   NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    -- a JSON object
    detail             TEXT     NOT NULL,
    -- 0 pending, 1 delivered, 2 parked: given up until an operator resends it
    state              SMALLINT NOT NULL DEFAULT 0,
    attempts           INTEGER  NOT NULL DEFAULT 0,
    -- when it is due; a node that delivers it has it until then
    next_attempt_at_ms BIGINT   NOT NULL DEFAULT 0,
    -- the node that had it last
    claim              BIGINT   NOT NULL DEFAULT 0,
    last_attempt_at_ms BIGINT   NOT NULL DEFAULT 0,
    -- what the receiver answered to the last attempt, or why there was no answer
    result             TEXT     NOT NULL DEFAULT ''
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, state, next_attempt_at_ms, id);
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (webhook_id, state, user_id, id);
CREATE INDEX webhook_deliveries_listed ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_done ON webhook_deliveries (state, last_attempt_at_ms);

-- The accounts that are online, of apps with a webhook that hears of it.
CREATE TABLE online_accounts (
    user_id  BIGINT NOT NULL PRIMARY KEY REFERENCES users (id),
    until_ms BIGINT NOT NULL
);
CREATE INDEX online_accounts_until ON online_accounts (until_ms);

-- when the owner or an admin last set it; another hash of the same password is no change
ALTER TABLE users ADD COLUMN password_changed_at_ms BIGINT NOT NULL DEFAULT 0;

CREATE TRIGGER users_note_created AFTER INSERT ON users
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, NEW.id, event, json_object('username', NEW.username)
    FROM webhook_subscriptions WHERE app_id = NEW.app_id AND event = 'user.created';
END;

CREATE TRIGGER users_note_updated AFTER UPDATE OF username, nickname, avatar_url, description, public_info, private_info,
    vip_expires_at_ms ON users
WHEN NEW.status <> 2 AND (OLD.username, OLD.nickname, OLD.avatar_url, OLD.description, OLD.public_info, OLD.private_info,
    OLD.vip_expires_at_ms) IS NOT (NEW.username, NEW.nickname, NEW.avatar_url, NEW.description, NEW.public_info,
    NEW.private_info, NEW.vip_expires_at_ms)
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, NEW.id, event, json_object('changed', json('[' || substr(
        iif(OLD.username IS NOT NEW.username, ',"username"', '') ||
        iif(OLD.nickname <> NEW.nickname, ',"nick_name"', '') ||
        iif(OLD.avatar_url <> NEW.avatar_url, ',"avatar"', '') ||
        iif(OLD.description IS NOT NEW.description, ',"description"', '') ||
        iif(OLD.public_info IS NOT NEW.public_info, ',"public_info"', '') ||
        iif(OLD.private_info IS NOT NEW.private_info, ',"private_info"', '') ||
        iif(OLD.vip_expires_at_ms <> NEW.vip_expires_at_ms, ',"vip"', ''), 2) || ']'))
    FROM webhook_subscriptions WHERE app_id = NEW.app_id AND event = 'user.updated';
END;

CREATE TRIGGER users_note_status AFTER UPDATE OF status ON users
WHEN OLD.status <> NEW.status
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, NEW.id, event, '{}' FROM webhook_subscriptions WHERE app_id = NEW.app_id
    AND event = CASE NEW.status WHEN 0 THEN 'user.enabled' WHEN 1 THEN 'user.disabled' ELSE 'user.deleted' END;
END;

-- a number that its owner has not confirmed is not bound
CREATE TRIGGER users_note_mobile AFTER UPDATE OF mobile, mobile_confirmed ON users
WHEN NEW.status <> 2 AND iif(OLD.mobile_confirmed, OLD.mobile, NULL) IS NOT iif(NEW.mobile_confirmed, NEW.mobile, NULL)
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, NEW.id, event,
        json_object('kind', 'mobile', 'is_bound', json(iif(NEW.mobile IS NOT NULL AND NEW.mobile_confirmed, 'true', 'false')))
    FROM webhook_subscriptions WHERE app_id = NEW.app_id AND event = 'contact.changed';
END;

CREATE TRIGGER users_note_email AFTER UPDATE OF email ON users
WHEN NEW.status <> 2 AND OLD.email IS NOT NEW.email
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, NEW.id, event,
        json_object('kind', 'email', 'is_bound', json(iif(NEW.email IS NOT NULL, 'true', 'false')))
    FROM webhook_subscriptions WHERE app_id = NEW.app_id AND event = 'contact.changed';
END;

CREATE TRIGGER users_note_password AFTER UPDATE OF password_changed_at_ms ON users
WHEN NEW.status <> 2 AND OLD.password_changed_at_ms <> NEW.password_changed_at_ms
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, NEW.id, event, '{}'
    FROM webhook_subscriptions WHERE app_id = NEW.app_id AND event = 'password.changed';
END;

CREATE TRIGGER sessions_note_new AFTER INSERT ON sessions
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, NEW.user_id, event, json_object('session_id', NEW.id, 'device_sn', NEW.device_sn)
    FROM webhook_subscriptions WHERE app_id = NEW.app_id AND event = 'session.created';
END;

CREATE TRIGGER sessions_note_ended AFTER UPDATE OF ended_at_ms ON sessions
WHEN OLD.ended_at_ms IS NULL AND NEW.ended_at_ms IS NOT NULL
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, NEW.user_id, event,
        json_object('session_id', NEW.id, 'device_sn', NEW.device_sn, 'reason', NEW.end_reason)
    FROM webhook_subscriptions WHERE app_id = NEW.app_id AND event = 'session.ended';
END;

-- one that has expired is deleted some time later
CREATE TRIGGER sessions_note_expired AFTER DELETE ON sessions
WHEN OLD.ended_at_ms IS NULL
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, OLD.user_id, event, json_object('session_id', OLD.id, 'device_sn', OLD.device_sn, 'reason', 0)
    FROM webhook_subscriptions WHERE app_id = OLD.app_id AND event = 'session.ended';
END;

CREATE TRIGGER coin_ledger_note AFTER INSERT ON coin_ledger
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, NEW.user_id, event, json_object('typ', NEW.typ, 'change_cents', NEW.change_cents,
        'balance_cents', NEW.after_cents, 'reason', NEW.reason)
    FROM users JOIN webhook_subscriptions ON webhook_subscriptions.app_id = users.app_id AND event = 'coins.changed'
    WHERE users.id = NEW.user_id;
END;

CREATE TRIGGER online_accounts_note_new AFTER INSERT ON online_accounts
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, NEW.user_id, event, '{}'
    FROM users JOIN webhook_subscriptions ON webhook_subscriptions.app_id = users.app_id AND event = 'presence.online'
    WHERE users.id = NEW.user_id;
END;

CREATE TRIGGER online_accounts_note_gone AFTER DELETE ON online_accounts
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, detail)
    SELECT webhook_id, OLD.user_id, event, '{}'
    FROM users JOIN webhook_subscriptions ON webhook_subscriptions.app_id = users.app_id AND event = 'presence.offline'
    WHERE users.id = OLD.user_id;
END;

-- the nodes cache with an app whether anyone hears of presence, or is asked before something happens
CREATE TRIGGER webhook_subscriptions_note_new AFTER INSERT ON webhook_subscriptions
BEGIN
    INSERT INTO changes (app_id) VALUES (NEW.app_id);
END;
CREATE TRIGGER webhook_subscriptions_note_gone AFTER DELETE ON webhook_subscriptions
BEGIN
    INSERT INTO changes (app_id) VALUES (OLD.app_id);
END;
