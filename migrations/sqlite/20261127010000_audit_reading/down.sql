DROP INDEX audit_log_actor;
DROP INDEX audit_log_action;
DROP INDEX audit_log_user;
DROP INDEX audit_log_at;
ALTER TABLE audit_log DROP COLUMN user_id;
