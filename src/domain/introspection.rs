//! Whether a token is valid, and whose it is (RFC 7662), for the servers that users show their tokens to.

use super::{
    Error, Operator,
    access::authenticate::require_live,
    access_tokens::{self, SCOPE},
};
use crate::{
    gateway::Gateway,
    model::{Token, TokenHash, UserId},
    store::sessions::{self, SessionKey},
};

/// A token that is valid.
#[derive(Clone, Debug)]
pub struct ValidToken {
    /// The account.
    pub user: UserId,
    /// Its login name.
    pub username: Option<String>,
    /// The id of the device that the session is on.
    pub device_key: Option<String>,
    /// What it permits.
    pub scope: &'static str,
    /// When it was issued, in Unix seconds.
    pub issued_at: i64,
    /// When it expires, in Unix seconds.
    pub expires_at: i64,
    /// Whom an access token is for, and its id.
    pub signed_for: Option<(String, String)>,
}

/// Whether `token` is a user's token or access token that the operator's tenant has issued and that is valid now; `None`
/// for any other. Reads the database, so that a session that has ended anywhere counts as ended at once. Does not count
/// as a use of the session.
pub async fn introspect(gateway: &Gateway, operator: &Operator, token: &str) -> Result<Option<ValidToken>, Error> {
    let tenant = operator.tenant_id().clone();
    let (key, signed) = match Token::parse(token) {
        Some(token) if token.is_admin() => return Ok(None),
        Some(token) => (SessionKey::Token(TokenHash::of(&token)), None),
        None => match access_tokens::verify(gateway, &tenant, token).await? {
            Some((claims, session)) => (SessionKey::Id(session), Some(claims)),
            None => return Ok(None),
        },
    };
    let Some(found) = gateway.db.read(move |conn| sessions::find_details(conn, &tenant, key)).await? else {
        return Ok(None);
    };
    if require_live(gateway, &found.session, gateway.clock.now_ms()).is_err() {
        return Ok(None);
    }
    let (issued_at, expires_at) = match &signed {
        Some(claims) => (claims.iat, claims.exp),
        None => (found.created_at_ms.div_euclid(1000), found.session.expires_at_ms.div_euclid(1000)),
    };
    Ok(Some(ValidToken {
        user: found.session.user,
        username: found.username,
        device_key: found.device_key,
        scope: SCOPE,
        issued_at,
        expires_at,
        signed_for: signed.map(|claims| (claims.aud, claims.jti)),
    }))
}
