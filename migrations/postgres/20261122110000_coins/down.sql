DROP TABLE coin_ledger;
ALTER TABLE users DROP COLUMN coin_records;
DROP FUNCTION refuse_coin_ledger_change();
