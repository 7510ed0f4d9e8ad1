DROP INDEX users_app_mobile;
CREATE UNIQUE INDEX users_app_mobile ON users (app_id, mobile);
DROP INDEX users_app_email;
CREATE UNIQUE INDEX users_app_email ON users (app_id, email);
DROP INDEX users_app_invitation_code;
CREATE UNIQUE INDEX users_app_invitation_code ON users (app_id, invitation_code);

CREATE INDEX audit_log_app ON audit_log (app_id, id);
