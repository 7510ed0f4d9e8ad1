DROP TRIGGER remarks_note_new;
DROP TRIGGER remarks_note_change;
DROP TRIGGER remarks_note_delete;
