-- Push workers select accounts by tag, and report tokens that are dead.

CREATE INDEX push_tags_tag ON push_tags (tag, user_id);
CREATE INDEX settings_push_token ON settings (push_token) WHERE push_token IS NOT NULL;
CREATE INDEX notifications_registration ON notifications (registration_id);
