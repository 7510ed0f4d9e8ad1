-- The discovery page: categories, groups and bots that an app recommends; and its advertisements.

CREATE TABLE categories (
    id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    app_id TEXT    NOT NULL REFERENCES apps (id),
    name   TEXT    NOT NULL,
    -- lower stands first
    sort   INTEGER NOT NULL
);
CREATE UNIQUE INDEX categories_app_name ON categories (app_id, name);

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
CREATE INDEX recommended_groups_shown ON recommended_groups (category_id, is_banned, id);
CREATE INDEX recommended_groups_all ON recommended_groups (app_id, is_banned, id);

-- How many groups are shown of each 1024 successive ids, per category and (category 0) in all: a deep page is found by
-- adding these up.
CREATE TABLE recommended_group_counts (
    app_id      TEXT    NOT NULL REFERENCES apps (id),
    category_id BIGINT  NOT NULL,
    bucket      BIGINT  NOT NULL,
    shown       INTEGER NOT NULL,
    PRIMARY KEY (app_id, category_id, bucket)
);

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
CREATE INDEX recommended_bots_app ON recommended_bots (app_id, id);

CREATE TABLE ads (
    app_id          TEXT    NOT NULL PRIMARY KEY REFERENCES apps (id),
    is_shown        BOOLEAN NOT NULL,
    android_code_id TEXT    NOT NULL,
    ios_code_id     TEXT    NOT NULL,
    bottom_height   INTEGER NOT NULL
);
