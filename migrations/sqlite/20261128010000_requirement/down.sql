-- Only PostgreSQL needs it.
SELECT 1;
