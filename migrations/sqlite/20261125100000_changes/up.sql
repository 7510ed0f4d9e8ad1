-- What changed lately: each node reads here which of the accounts that it remembers are old. Triggers write it, so that no
-- change is forgotten, whoever makes it; a row goes after a minute.

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
);
CREATE INDEX changes_at ON changes (at_ms);

CREATE TRIGGER apps_note_change AFTER UPDATE ON apps
BEGIN
    INSERT INTO changes (app_id) VALUES (NEW.id);
END;
-- of all that others see or that decides who may enter; an update that only holds the row names none of these
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status, last_active_at_ms, last_active_day,
    online_days, continuous_online_days ON users
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.id);
END;
-- whoever is shut out by hand: its sessions did not end, and count no more
CREATE TRIGGER users_note_shut AFTER UPDATE OF status ON users WHEN NEW.status <> 0
BEGIN
    INSERT INTO changes (user_id, session_id)
    SELECT user_id, id FROM sessions WHERE user_id = NEW.id AND ended_at_ms IS NULL;
END;
CREATE TRIGGER sessions_note_change AFTER UPDATE OF last_used_at_ms, expires_at_ms ON sessions
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
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
