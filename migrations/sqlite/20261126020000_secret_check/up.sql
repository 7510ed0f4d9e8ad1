-- What the server's secret must give: with another one no stored password would be right.

CREATE TABLE secret_check (
    -- one row
    id  INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    mac TEXT    NOT NULL
);
