-- Old rows of the audit log may be deleted, by a transaction that says so: it inserts a row here, deletes older rows of the
-- log and then its row here. No one else ever sees that row, since it can't be committed.

CREATE TABLE audit_pruning (
    -- one row, so that one transaction prunes at a time
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- rows of the log that are older may be deleted
    before_ms BIGINT  NOT NULL,
    -- a row that can't exist, which is checked at the commit
    gone      BIGINT  NOT NULL DEFAULT 2 CHECK (gone = 2) REFERENCES audit_pruning (id) DEFERRABLE INITIALLY DEFERRED
);
DROP TRIGGER audit_log_no_delete;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
WHEN NOT EXISTS (SELECT 1 FROM audit_pruning WHERE OLD.at_ms < before_ms)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
