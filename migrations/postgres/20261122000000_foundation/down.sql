DROP TABLE audit_log;
DROP TABLE admin_tokens;
DROP TABLE sessions;
DROP TABLE devices;
DROP TABLE settings;
DROP TABLE users;
DROP TABLE apps;
DROP FUNCTION refuse_audit_change();
