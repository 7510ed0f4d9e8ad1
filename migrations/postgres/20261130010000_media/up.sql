-- Images that users have uploaded, a row an upload. Several uploads of the same image have the same name.

CREATE TABLE media (
    id            TEXT   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    app_id        TEXT   NOT NULL REFERENCES apps (id),
    user_id       BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX media_name ON media (name, created_at_ms);

-- Finds the accounts that name an image: by the end of the URL, which is as long as every name.
CREATE INDEX users_media ON users (substr(avatar_url, length(avatar_url) - 43)) WHERE length(avatar_url) >= 44;
