-- Registrations of devices for notifications, and the modules that users ignore on a device.

CREATE TABLE notifications (
    id              INTEGER  NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id         BIGINT   NOT NULL REFERENCES users (id),
    -- the id that the client chose for its device
    device_key      TEXT     NOT NULL,
    registration_id TEXT     NOT NULL,
    is_open         BOOLEAN  NOT NULL,
    kind            INTEGER  NOT NULL,
    created_at_ms   BIGINT   NOT NULL,
    updated_at_ms   BIGINT   NOT NULL
);
CREATE UNIQUE INDEX notifications_user_device ON notifications (user_id, device_key);

CREATE TABLE module_ignores (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id       BIGINT  NOT NULL REFERENCES users (id),
    device_key    TEXT    NOT NULL,
    ignored       TEXT    NOT NULL,
    updated_at_ms BIGINT  NOT NULL
);
CREATE UNIQUE INDEX module_ignores_user_device ON module_ignores (user_id, device_key);
