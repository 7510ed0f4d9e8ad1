DROP TRIGGER remarks_note_change ON remarks;
