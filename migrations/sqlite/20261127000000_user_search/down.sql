DROP INDEX users_app_nickname;
