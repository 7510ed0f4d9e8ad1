-- A statement that changes an account at once casts to this what must be so: false makes it fail, so that it changes nothing.
CREATE DOMAIN requirement AS BOOLEAN CHECK (VALUE);
