-- Old rows of the audit log may be deleted, by a transaction that says so: it inserts a row here, deletes older rows of the
-- log and then its row here. No one else ever sees that row, since it can't be committed.

CREATE TABLE audit_pruning (
    -- one row, so that one transaction prunes at a time
    id        BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    -- rows of the log that are older may be deleted
    before_ms BIGINT NOT NULL,
    -- a row that can't exist, which is checked at the commit
    gone      BIGINT NOT NULL DEFAULT 2 CHECK (gone = 2) REFERENCES audit_pruning (id) DEFERRABLE INITIALLY DEFERRED
);
DROP TRIGGER audit_log_append_only ON audit_log;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE FUNCTION refuse_audit_delete() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF EXISTS (SELECT 1 FROM audit_pruning WHERE OLD.at_ms < before_ms) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION refuse_audit_delete();
