-- The nodes cache the remarks of an account.
CREATE TRIGGER remarks_note_new AFTER INSERT ON remarks
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
CREATE TRIGGER remarks_note_change AFTER UPDATE ON remarks
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.user_id);
END;
CREATE TRIGGER remarks_note_delete AFTER DELETE ON remarks
BEGIN
    INSERT INTO changes (user_id) VALUES (OLD.user_id);
END;
