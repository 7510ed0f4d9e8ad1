-- Splits the tables that grow with use into partitions (docs/scaling.md). Stop the nodes before; they and `diglot migrate` work
-- with the result as before. A test runs it, and the gateway on what it makes. Run it as the owner of the tables; grant the gateway's
-- role again what it has on the tables and sequences that are made here (not on the partitions).
BEGIN;

-- By the hash of the token, with which nearly every session is looked up.
CREATE SEQUENCE sessions_number;
SELECT setval('sessions_number', coalesce(max(id), 0) + 1, false) FROM sessions;
ALTER TABLE sessions RENAME TO sessions_before;
CREATE TABLE sessions (LIKE sessions_before INCLUDING CONSTRAINTS) PARTITION BY HASH (token_hash);
ALTER TABLE sessions ALTER id SET DEFAULT nextval('sessions_number');
DO $$ BEGIN FOR part IN 0..15 LOOP
    EXECUTE format(
        'CREATE TABLE sessions_%s PARTITION OF sessions FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
END LOOP; END $$;
INSERT INTO sessions SELECT * FROM sessions_before;
DROP TABLE sessions_before;
ALTER TABLE sessions ADD UNIQUE (token_hash),
    ADD FOREIGN KEY (app_id) REFERENCES apps (id), ADD FOREIGN KEY (user_id) REFERENCES users (id);
CREATE INDEX sessions_id ON sessions (id);
CREATE INDEX sessions_user_live ON sessions (user_id, ended_at_ms);
CREATE TRIGGER sessions_note_change AFTER UPDATE OF expires_at_ms ON sessions
FOR EACH ROW EXECUTE FUNCTION note_change_of_user();
CREATE TRIGGER sessions_note_delete AFTER DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION note_session_end();
CREATE TRIGGER sessions_note_end AFTER UPDATE OF ended_at_ms ON sessions
FOR EACH ROW EXECUTE FUNCTION note_session_end();
CREATE TRIGGER sessions_note_new AFTER INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION note_new_session();
CREATE TRIGGER sessions_note_ended AFTER UPDATE OF ended_at_ms ON sessions
FOR EACH ROW WHEN (OLD.ended_at_ms IS NULL AND NEW.ended_at_ms IS NOT NULL) EXECUTE FUNCTION note_ended_session();
CREATE TRIGGER sessions_note_expired AFTER DELETE ON sessions
FOR EACH ROW WHEN (OLD.ended_at_ms IS NULL) EXECUTE FUNCTION note_ended_session();

-- By the account, whose records are read together.
CREATE SEQUENCE coin_ledger_number;
SELECT setval('coin_ledger_number', coalesce(max(id), 0) + 1, false) FROM coin_ledger;
ALTER TABLE coin_ledger RENAME TO coin_ledger_before;
CREATE TABLE coin_ledger (LIKE coin_ledger_before INCLUDING CONSTRAINTS) PARTITION BY HASH (user_id);
ALTER TABLE coin_ledger ALTER id SET DEFAULT nextval('coin_ledger_number');
DO $$ BEGIN FOR part IN 0..15 LOOP
    EXECUTE format(
        'CREATE TABLE coin_ledger_%s PARTITION OF coin_ledger FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
END LOOP; END $$;
INSERT INTO coin_ledger SELECT * FROM coin_ledger_before;
DROP TABLE coin_ledger_before;
ALTER TABLE coin_ledger ADD FOREIGN KEY (user_id) REFERENCES users (id);
CREATE INDEX coin_ledger_id ON coin_ledger (id);
CREATE UNIQUE INDEX coin_ledger_user_seq ON coin_ledger (user_id, seq);
CREATE UNIQUE INDEX coin_ledger_user_idempotency ON coin_ledger (user_id, idempotency_key);
CREATE TRIGGER coin_ledger_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON coin_ledger
FOR EACH STATEMENT EXECUTE FUNCTION refuse_coin_ledger_change();
CREATE TRIGGER coin_ledger_note AFTER INSERT ON coin_ledger FOR EACH ROW EXECUTE FUNCTION note_coins();
-- Of each row, so that the partitions have it.
CREATE TRIGGER coin_ledger_rows_append_only BEFORE DELETE OR UPDATE ON coin_ledger
FOR EACH ROW EXECUTE FUNCTION refuse_coin_ledger_change();

-- By month. An old month can be dropped as a whole, which costs nothing, instead of row by row by DIGLOT_AUDIT_RETENTION_DAYS.
CREATE SEQUENCE audit_log_number;
SELECT setval('audit_log_number', coalesce(max(id), 0) + 1, false) FROM audit_log;
ALTER TABLE audit_log RENAME TO audit_log_before;
CREATE TABLE audit_log (LIKE audit_log_before) PARTITION BY RANGE (at_ms);
ALTER TABLE audit_log ALTER id SET DEFAULT nextval('audit_log_number');
-- Make those of the next months in time: rows of a month without one go to audit_log_rest.
CREATE TABLE audit_log_2026_12 PARTITION OF audit_log
FOR VALUES FROM (extract(epoch FROM timestamptz '2026-12-01 00:00Z') * 1000)
TO (extract(epoch FROM timestamptz '2027-01-01 00:00Z') * 1000);
CREATE TABLE audit_log_rest PARTITION OF audit_log DEFAULT;
INSERT INTO audit_log SELECT * FROM audit_log_before;
DROP TABLE audit_log_before;
CREATE INDEX audit_log_id ON audit_log (id);
CREATE INDEX audit_log_app ON audit_log (app_id, id);
CREATE INDEX audit_log_at ON audit_log (app_id, at_ms, id);
CREATE INDEX audit_log_action ON audit_log (app_id, action, at_ms, id);
CREATE INDEX audit_log_actor ON audit_log (app_id, actor_kind, actor_id, at_ms, id);
CREATE INDEX audit_log_user ON audit_log (app_id, user_id, at_ms, id);
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_log_rows_append_only BEFORE UPDATE ON audit_log
FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_audit_delete();

COMMIT;
