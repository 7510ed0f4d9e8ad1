DROP TRIGGER users_count_deleted;
DROP TRIGGER users_count_new;
DROP TABLE user_counts;
DROP TABLE push_tags;
DROP TABLE push_profiles;
DROP TABLE push_tokens;
ALTER TABLE users DROP COLUMN devices_version;
ALTER TABLE apps DROP COLUMN push_sign_required;
ALTER TABLE apps DROP COLUMN secret_version;
