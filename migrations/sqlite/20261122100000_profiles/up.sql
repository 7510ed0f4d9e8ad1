-- What accounts show of themselves: personal data, activity, medals, bans, and what others note about them.

ALTER TABLE users ADD COLUMN last_active_at_ms BIGINT NOT NULL DEFAULT 0;
-- the day of the last activity in the configured zone, counted from 1970-01-01
ALTER TABLE users ADD COLUMN last_active_day INTEGER NOT NULL DEFAULT 0;
-- days with activity, and how many of them follow each other up to the last
ALTER TABLE users ADD COLUMN online_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN continuous_online_days INTEGER NOT NULL DEFAULT 0;

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

CREATE TABLE medals (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    app_id      TEXT    NOT NULL REFERENCES apps (id),
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    image_url   TEXT    NOT NULL,
    -- lower stands first
    sort        INTEGER NOT NULL
);
CREATE UNIQUE INDEX medals_app_name ON medals (app_id, name);

CREATE TABLE user_medals (
    user_id       BIGINT NOT NULL REFERENCES users (id),
    medal_id      BIGINT NOT NULL REFERENCES medals (id),
    granted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, medal_id)
);

CREATE TABLE bans (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id    BIGINT  NOT NULL UNIQUE REFERENCES users (id),
    reason     TEXT    NOT NULL,
    ends_at_ms BIGINT  NOT NULL
);
