DROP INDEX invitations_number;
ALTER TABLE invitations DROP COLUMN number_mac;
