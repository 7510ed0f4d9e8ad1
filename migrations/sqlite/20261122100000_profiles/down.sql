DROP TABLE bans;
DROP TABLE user_medals;
DROP TABLE medals;
DROP TABLE remarks;
DROP TABLE personal_data;
ALTER TABLE users DROP COLUMN continuous_online_days;
ALTER TABLE users DROP COLUMN online_days;
ALTER TABLE users DROP COLUMN last_active_day;
ALTER TABLE users DROP COLUMN last_active_at_ms;
