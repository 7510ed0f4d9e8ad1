-- The audit log is read: by time, and by time for an account, an action or an actor.

-- the account that the row is about: the actor's own, the one it acted for, or the target
ALTER TABLE audit_log ADD COLUMN user_id BIGINT;
DROP TRIGGER audit_log_no_update;
UPDATE audit_log SET user_id = CASE WHEN actor_kind = 1 THEN actor_id ELSE for_user END
WHERE actor_kind = 1 OR for_user IS NOT NULL;
-- a target that is a number, alone or before a colon
UPDATE audit_log SET user_id = CAST(target AS INTEGER)
WHERE user_id IS NULL AND target GLOB '[1-9]*'
    AND (target = CAST(CAST(target AS INTEGER) AS TEXT) OR target GLOB CAST(CAST(target AS INTEGER) AS TEXT) || ':*')
    AND (action LIKE 'account.%' OR action LIKE 'coins.%' OR action LIKE 'vip.%' OR action LIKE 'ban.%'
            OR action IN ('medal.grant', 'medal.revoke', 'session.login'));
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE INDEX audit_log_at ON audit_log (app_id, at_ms, id);
CREATE INDEX audit_log_user ON audit_log (app_id, user_id, at_ms, id);
CREATE INDEX audit_log_action ON audit_log (app_id, action, at_ms, id);
CREATE INDEX audit_log_actor ON audit_log (app_id, actor_kind, actor_id, at_ms, id);
