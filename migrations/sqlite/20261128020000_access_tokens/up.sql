-- Signed access tokens, which other servers verify without asking the gateway.

CREATE TABLE signing_keys (
    -- the thumbprint of the public key (RFC 7638)
    id            TEXT   NOT NULL PRIMARY KEY,
    -- the point on the curve P-256, uncompressed
    public_key    BLOB   NOT NULL,
    -- PKCS #8, encrypted under the server's secret
    private_key   BLOB   NOT NULL,
    created_at_ms BIGINT NOT NULL,
    -- it is published before it signs, so that whoever keeps a copy of the published keys has it in time
    signs_from_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT
);

-- who the app's tokens are for, separated by spaces; the app itself if empty
ALTER TABLE apps ADD COLUMN access_token_audiences TEXT NOT NULL DEFAULT '';
ALTER TABLE apps ADD COLUMN access_token_secs INTEGER NOT NULL DEFAULT 300;
-- further claims: a JSON object of templates
ALTER TABLE apps ADD COLUMN access_token_claims TEXT NOT NULL DEFAULT '{}';
