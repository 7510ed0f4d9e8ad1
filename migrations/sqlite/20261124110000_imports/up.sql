-- How far files of accounts were imported, so that an import that was cut off goes on where it was.
CREATE TABLE imports (
    app_id        TEXT   NOT NULL REFERENCES apps (id),
    -- SHA-256 of the file
    content_hash  TEXT   NOT NULL,
    records_done  BIGINT NOT NULL,
    started_at_ms BIGINT NOT NULL,
    PRIMARY KEY (app_id, content_hash)
);
