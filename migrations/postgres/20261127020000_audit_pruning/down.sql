DROP TRIGGER audit_log_no_delete ON audit_log;
DROP FUNCTION refuse_audit_delete();
DROP TRIGGER audit_log_append_only ON audit_log;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
DROP TABLE audit_pruning;
