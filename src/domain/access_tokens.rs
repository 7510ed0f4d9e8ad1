//! Signed access tokens (RFC 9068): what a user shows to other servers, which verify it without asking the gateway.

use super::{Caller, Error, access::LoggedIn, lookups, signing_keys};
use crate::{
    gateway::Gateway,
    model::{ClaimSubject, Invalid, Problem, SessionId, SigningKeys, TenantId},
    signing::{self, Claims},
    store::{devices, signing_keys as stored_keys},
};

/// The scope of a user's tokens.
pub(super) const SCOPE: &str = "user";

/// An access token.
pub struct AccessToken {
    /// The token, to be sent to the client only.
    pub text: String,
    /// How long it is valid.
    pub lifetime_secs: i64,
}

/// Issues an access token for the caller's session, for `audience` or the app's default one.
///
/// # Errors
/// [`Error::AccessTokensOff`]; [`Error::Invalid`] for an audience that the app does not have; [`Error::NoPermission`]
/// for an operator, who has no session.
pub async fn issue(gateway: &Gateway, caller: &Caller, audience: Option<&str>) -> Result<AccessToken, Error> {
    let &LoggedIn { session, device, .. } = caller.logged_in()?;
    let (tenant, user) = (lookups::tenant(gateway, caller.tenant_id()).await?, caller.user());
    let settings = tenant.access_tokens;
    let audience = match audience {
        None => settings.audiences.first().map_or(tenant.id.as_str(), String::as_str),
        Some(wanted) => {
            let known = settings.audiences.iter().find(|known| *known == wanted);
            known.map(String::as_str).ok_or(Invalid::new("audience", Problem::Unknown))?
        }
    };
    let (keys, device_key) = gateway
        .db
        .read(move |conn| Ok::<_, Error>((stored_keys::list(conn)?, devices::find_key(conn, user, device)?)))
        .await?;
    let (keys, now_ms) = (SigningKeys::new(keys), gateway.clock.now_ms());
    let key = keys.signer(now_ms).ok_or(Error::AccessTokensOff)?;
    let account = lookups::user(gateway, &tenant.id, user).await?;
    let subject = ClaimSubject {
        user_id: user.get(),
        username: account.username.as_deref(),
        nickname: &account.nickname,
        device_id: device_key.as_deref(),
        app: tenant.id.as_str(),
    };
    let issued_at = now_ms.div_euclid(1000);
    let claims = Claims {
        iss: gateway.config.issuer(),
        sub: user.to_string(),
        aud: audience.to_owned(),
        exp: issued_at + settings.lifetime_secs,
        iat: issued_at,
        jti: gateway.random.base62(ID_CHARS)?,
        sid: session.0.to_string(),
        app: tenant.id.to_string(),
        client_id: tenant.id.to_string(),
        scope: SCOPE.to_owned(),
        further: settings.claims_for(&subject),
    };
    let text = signing::sign(&gateway.secret, key, &claims)?;
    Ok(AccessToken { text, lifetime_secs: settings.lifetime_secs })
}

/// The length of a token's id.
const ID_CHARS: usize = 22;

/// The claims of `token` and the session that it was issued for, which may have ended since, if the gateway has issued it
/// for the tenant and it has not expired.
pub(super) async fn verify(
    gateway: &Gateway,
    tenant: &TenantId,
    token: &str,
) -> Result<Option<(Claims, SessionId)>, Error> {
    let (keys, now_ms) = (signing_keys::list(gateway).await?, gateway.clock.now_ms());
    let is_ours = |claims: &Claims| {
        claims.iss == gateway.config.issuer() && claims.app == tenant.as_str() && claims.exp > now_ms.div_euclid(1000)
    };
    let claims = signing::verify(token, keys.published(now_ms)).filter(is_ours);
    Ok(claims.and_then(|claims| claims.sid.parse().ok().map(|session| (claims, SessionId(session)))))
}
