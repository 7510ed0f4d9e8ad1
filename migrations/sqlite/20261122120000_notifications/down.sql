DROP TABLE module_ignores;
DROP TABLE notifications;
