-- What the server's secret must give: with another one no stored password would be right.

CREATE TABLE secret_check (
    -- one row
    id  BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    mac TEXT   NOT NULL
);
