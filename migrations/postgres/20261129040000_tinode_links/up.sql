-- The accounts that a Tinode server has made for ours at their first login.

CREATE TABLE tinode_links (
    user_id       BIGINT NOT NULL PRIMARY KEY REFERENCES users (id),
    -- Tinode's id of the account
    uid           TEXT   NOT NULL,
    created_at_ms BIGINT NOT NULL
);
