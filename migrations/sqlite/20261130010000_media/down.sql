DROP INDEX users_media;
DROP TABLE media;
