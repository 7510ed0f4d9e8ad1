-- As for PostgreSQL, except for the triggers.

DROP INDEX audit_log_app;

DROP INDEX users_app_mobile;
CREATE UNIQUE INDEX users_app_mobile ON users (app_id, mobile) WHERE mobile IS NOT NULL;
DROP INDEX users_app_email;
CREATE UNIQUE INDEX users_app_email ON users (app_id, email) WHERE email IS NOT NULL;
DROP INDEX users_app_invitation_code;
CREATE UNIQUE INDEX users_app_invitation_code ON users (app_id, invitation_code) WHERE invitation_code IS NOT NULL;
