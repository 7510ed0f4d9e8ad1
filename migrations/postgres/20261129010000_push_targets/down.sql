DROP INDEX notifications_registration;
DROP INDEX settings_push_token;
DROP INDEX push_tags_tag;
