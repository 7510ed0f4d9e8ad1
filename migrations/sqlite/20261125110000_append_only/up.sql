-- INSERT OR REPLACE would take rows away without any trigger for deletions: what is written down stays.

CREATE TRIGGER coin_ledger_no_replacement BEFORE INSERT ON coin_ledger
WHEN EXISTS (SELECT 1 FROM coin_ledger WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM coin_ledger WHERE user_id = NEW.user_id AND seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM coin_ledger WHERE user_id = NEW.user_id AND idempotency_key = NEW.idempotency_key)
BEGIN
    SELECT RAISE(ABORT, 'the coin ledger is append-only');
END;
CREATE TRIGGER audit_log_no_replacement BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
