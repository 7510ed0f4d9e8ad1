-- The MAC of the mobile number of an invited account, so that nobody is paid for the same number again. It stays when the
-- account is erased.

ALTER TABLE invitations ADD COLUMN number_mac TEXT;
CREATE INDEX invitations_number ON invitations (number_mac) WHERE number_mac IS NOT NULL;
