-- The coin ledger: every change of a balance. Rows are added and never changed.

-- how many rows of the ledger the account has
ALTER TABLE users ADD COLUMN coin_records BIGINT NOT NULL DEFAULT 0;

CREATE TABLE coin_ledger (
    id              INTEGER  NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id         BIGINT   NOT NULL REFERENCES users (id),
    -- counts the rows of the account from 1, without gaps: a page is a range of these
    seq             BIGINT   NOT NULL,
    typ             SMALLINT NOT NULL,
    before_cents    BIGINT   NOT NULL,
    change_cents    BIGINT   NOT NULL,
    after_cents     BIGINT   NOT NULL,
    reason          TEXT     NOT NULL,
    remark          TEXT     NOT NULL,
    -- chosen by who made the change: the same key makes no second row
    idempotency_key TEXT     NOT NULL,
    created_at_ms   BIGINT   NOT NULL,
    CHECK (after_cents = before_cents + change_cents AND after_cents >= 0 AND change_cents <> 0)
);
CREATE UNIQUE INDEX coin_ledger_user_seq ON coin_ledger (user_id, seq);
CREATE UNIQUE INDEX coin_ledger_user_idempotency ON coin_ledger (user_id, idempotency_key);

CREATE TRIGGER coin_ledger_no_update BEFORE UPDATE ON coin_ledger
BEGIN SELECT RAISE(ABORT, 'the coin ledger is append-only'); END;
CREATE TRIGGER coin_ledger_no_delete BEFORE DELETE ON coin_ledger
BEGIN SELECT RAISE(ABORT, 'the coin ledger is append-only'); END;
