-- Invitations, and coins for them and for the first changes of a profile.

-- the code that the user has chosen in place of the one that follows from the id
ALTER TABLE users ADD COLUMN invitation_code TEXT;
CREATE UNIQUE INDEX users_app_invitation_code ON users (app_id, invitation_code);

CREATE TABLE invitations (
    invitee_id    BIGINT  NOT NULL PRIMARY KEY REFERENCES users (id),
    inviter_id    BIGINT  NOT NULL REFERENCES users (id),
    -- the day in the configured time zone, counted from 1970-01-01
    day           INTEGER NOT NULL,
    created_at_ms BIGINT  NOT NULL
);
CREATE INDEX invitations_inviter ON invitations (inviter_id, day);

ALTER TABLE apps ADD COLUMN reward_inviter_cents BIGINT NOT NULL DEFAULT 0;
ALTER TABLE apps ADD COLUMN reward_invitee_cents BIGINT NOT NULL DEFAULT 0;
-- how many invitations a user is paid for a day
ALTER TABLE apps ADD COLUMN invitations_per_day INTEGER NOT NULL DEFAULT 10;
-- how many invitations clients show as the goal; 0 for none
ALTER TABLE apps ADD COLUMN invitations_goal INTEGER NOT NULL DEFAULT 0;
-- for the first change of the display name, and of the avatar
ALTER TABLE apps ADD COLUMN reward_first_edit_cents BIGINT NOT NULL DEFAULT 0;

DROP TRIGGER users_note_change ON users;
CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email,
    description, private_info, public_info, coin_cents, vip_expires_at_ms, status, invitation_code ON users
FOR EACH ROW EXECUTE FUNCTION note_user_change();
