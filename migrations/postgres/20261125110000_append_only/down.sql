-- PostgreSQL has no INSERT OR REPLACE: nothing to do.
SELECT 1;
