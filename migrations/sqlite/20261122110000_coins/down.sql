DROP TABLE coin_ledger;
ALTER TABLE users DROP COLUMN coin_records;
