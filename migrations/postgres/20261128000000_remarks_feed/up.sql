-- The nodes cache the remarks of an account.
CREATE TRIGGER remarks_note_change AFTER INSERT OR UPDATE OR DELETE ON remarks
FOR EACH ROW EXECUTE FUNCTION note_change_of_user();
