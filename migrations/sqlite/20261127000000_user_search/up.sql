-- Accounts are found by the beginning of a name: a range of an index. The login names, numbers and addresses have theirs.

CREATE INDEX users_app_nickname ON users (app_id, nickname, id);
