DROP DOMAIN requirement;
