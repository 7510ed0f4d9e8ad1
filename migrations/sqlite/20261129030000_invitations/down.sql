DROP TRIGGER users_note_change;
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status ON users
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.id);
END;
ALTER TABLE apps DROP COLUMN reward_first_edit_cents;
ALTER TABLE apps DROP COLUMN invitations_goal;
ALTER TABLE apps DROP COLUMN invitations_per_day;
ALTER TABLE apps DROP COLUMN reward_invitee_cents;
ALTER TABLE apps DROP COLUMN reward_inviter_cents;
DROP TABLE invitations;
DROP INDEX users_app_invitation_code;
ALTER TABLE users DROP COLUMN invitation_code;
