//! Authentication: turns the token that a request presents into the value that an operation requires.

use super::{Actor, Anonymous, Caller, LoggedIn, Operator, OperatorKind, Origin, PresentedToken, require_active};
use crate::{
    domain::{Error, activity, lookups, presence},
    gateway::Gateway,
    model::{AdminToken, AdminTokenId, Session, TenantId, Token, TokenHash, UserId},
    state::State,
    store::admin_tokens,
};

/// Accepts any requester, if the tenant exists.
///
/// # Errors
/// [`Error::TenantUnknown`].
pub async fn anonymous(gateway: &Gateway, tenant: TenantId, origin: Origin) -> Result<Anonymous, Error> {
    Ok(Anonymous { tenant: lookups::tenant(gateway, &tenant).await?, origin })
}

/// Authenticates a user token.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::TokenUnknown`], [`Error::TokenEnded`].
pub async fn user(gateway: &Gateway, presented: PresentedToken) -> Result<Caller, Error> {
    Ok(user_until(gateway, presented).await?.0)
}

/// Authenticates a user token. Also returns when its session expires, regardless of its use.
///
/// # Errors
/// As [`user`].
pub async fn user_until(gateway: &Gateway, presented: PresentedToken) -> Result<(Caller, i64), Error> {
    let PresentedToken { tenant_id, origin, token } = presented;
    let Some(token) = token.filter(|token| !token.is_admin()) else {
        lookups::tenant(gateway, &tenant_id).await?;
        return Err(Error::TokenUnknown);
    };
    let session = lookups::session(gateway, &tenant_id, TokenHash::of(&token)).await?;
    let now = gateway.clock.now();
    require_live(gateway, &session, now.wall_ms)?;
    activity::note_request(gateway, &session, now.wall_ms).await;
    presence::note_request(gateway, &tenant_id, session.user, session.device, now).await;
    let actor = Actor::User(LoggedIn { session: session.id, device: session.device, origin });
    Ok((Caller { tenant_id, user: session.user, actor }, session.expires_at_ms))
}

/// Checks that a session has neither ended nor expired, and that its account is active.
///
/// # Errors
/// [`Error::TokenEnded`].
pub(in crate::domain) fn require_live(gateway: &Gateway, session: &Session, now_ms: i64) -> Result<(), Error> {
    let idle_ms = now_ms.saturating_sub(session.last_used_at_ms);
    let is_over = session.is_ended || session.expires_at_ms <= now_ms || idle_ms >= gateway.config.session_max_idle_ms;
    if is_over || require_active(session.status).is_err() { Err(Error::TokenEnded) } else { Ok(()) }
}

/// Authenticates a user token, or an admin token that acts as `for_user`.
///
/// # Errors
/// As [`user`] and [`operator`]; [`Error::NoPermission`] for a user token of another user than `for_user`; for an admin
/// token [`Error::ActForMissing`] without `for_user` and [`Error::UserNotFound`] if that user does not exist.
pub async fn user_or_impersonator(
    gateway: &Gateway,
    presented: PresentedToken,
    for_user: Option<UserId>,
) -> Result<Caller, Error> {
    if is_admin(&presented) {
        return impersonator(gateway, presented, for_user).await;
    }
    let caller = user(gateway, presented).await?;
    for_user.map_or(Ok(()), |user| caller.require_same(user))?;
    Ok(caller)
}

/// Authenticates an admin token that acts as `for_user`.
///
/// # Errors
/// As [`user_or_impersonator`]; [`Error::NoPermission`] for a valid user token.
pub async fn impersonator(
    gateway: &Gateway,
    presented: PresentedToken,
    for_user: Option<UserId>,
) -> Result<Caller, Error> {
    let operator = operator(gateway, presented).await?;
    acting_as(gateway, &operator, for_user.ok_or(Error::ActForMissing)?).await
}

/// Authenticates an admin token.
///
/// # Errors
/// [`Error::TenantUnknown`], token errors; [`Error::NoPermission`] for a valid user token.
pub async fn operator(gateway: &Gateway, presented: PresentedToken) -> Result<Operator, Error> {
    if !is_admin(&presented) {
        user(gateway, presented).await?;
        return Err(Error::NoPermission);
    }
    let PresentedToken { tenant_id, origin, token } = presented;
    let hash = TokenHash::of(&token.ok_or(Error::TokenUnknown)?);
    let AdminToken { id, .. } = valid_admin_token(gateway, &tenant_id, hash).await?;
    Ok(Operator { tenant_id, kind: OperatorKind::AdminToken(id, origin) })
}

/// Authenticates an admin token of any tenant.
///
/// # Errors
/// As [`operator`]; [`Error::TokenUnknown`] for a user token.
pub async fn operator_of_any_tenant(
    gateway: &Gateway,
    token: Option<Token>,
    origin: Origin,
) -> Result<Operator, Error> {
    let token = token.filter(Token::is_admin).ok_or(Error::TokenUnknown)?;
    let hash = TokenHash::of(&token);
    let found = gateway.db.read(move |conn| admin_tokens::find_tenant(conn, &hash)).await?;
    let tenant_id = found.ok_or(Error::TokenUnknown)?;
    operator(gateway, PresentedToken { tenant_id, origin, token: Some(token) }).await
}

/// Authenticates an operator who presented the admin token `id` at an earlier request and so began `session`, which the
/// transport vouches for.
///
/// # Errors
/// [`Error::TokenEnded`] if the token has been revoked or has expired since then, or the session was signed out.
pub async fn signed_in_operator(
    gateway: &Gateway,
    tenant_id: TenantId,
    id: AdminTokenId,
    session: &str,
    origin: Origin,
) -> Result<Operator, Error> {
    if is_signed_out(gateway, session).await {
        return Err(Error::TokenEnded);
    }
    let (wanted, now_ms) = (tenant_id.clone(), gateway.clock.now_ms());
    let found = gateway.db.read(move |conn| admin_tokens::find(conn, &wanted, id)).await?;
    if found.is_some_and(|token| token.is_valid(now_ms)) {
        Ok(Operator { tenant_id, kind: OperatorKind::AdminToken(id, origin) })
    } else {
        Err(Error::TokenEnded)
    }
}

/// Ends an operator's session, which would be over after `lifetime_ms` anyway. Without the shared state it ends on this
/// node only.
pub async fn sign_out(gateway: &Gateway, session: &str, lifetime_ms: i64) {
    let now = gateway.clock.now();
    let states: [&dyn State; 2] = [&*gateway.state, &gateway.own_state];
    for state in states {
        if let Err(error) = state.note_ended(session, lifetime_ms, now).await {
            log::warn!("a session of the console is signed out on this node only: {error}");
        }
    }
}

async fn is_signed_out(gateway: &Gateway, session: &str) -> bool {
    let now = gateway.clock.now();
    let own = gateway.own_state.is_ended(session, now).await.unwrap_or_default();
    own || gateway.state.is_ended(session, now).await.unwrap_or_default()
}

async fn valid_admin_token(gateway: &Gateway, tenant: &TenantId, hash: TokenHash) -> Result<AdminToken, Error> {
    let token = lookups::admin_token(gateway, tenant, hash).await?;
    if token.is_valid(gateway.clock.now_ms()) { Ok(token) } else { Err(Error::TokenEnded) }
}

/// Accepts any requester with a valid token of the tenant: a user, an operator acting as one, or an operator.
///
/// # Errors
/// As [`user_or_impersonator`], except that an admin token needs no `for_user`.
pub async fn token_holder(
    gateway: &Gateway,
    presented: PresentedToken,
    for_user: Option<UserId>,
) -> Result<Anonymous, Error> {
    let (tenant_id, origin) = (presented.tenant_id.clone(), presented.origin.clone());
    if for_user.is_none() && is_admin(&presented) {
        operator(gateway, presented).await?;
    } else {
        user_or_impersonator(gateway, presented, for_user).await?;
    }
    anonymous(gateway, tenant_id, origin).await
}

/// Lets an operator act as a user of its tenant.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn acting_as(gateway: &Gateway, operator: &Operator, user: UserId) -> Result<Caller, Error> {
    lookups::user(gateway, &operator.tenant_id, user).await?;
    Ok(Caller { tenant_id: operator.tenant_id.clone(), user, actor: Actor::Operator(operator.kind.clone()) })
}

/// The operator at the command line, if the tenant exists.
///
/// # Errors
/// [`Error::TenantUnknown`].
pub async fn command_line_in(gateway: &Gateway, tenant: TenantId) -> Result<Operator, Error> {
    Ok(Operator::command_line(lookups::tenant(gateway, &tenant).await?.id))
}

fn is_admin(presented: &PresentedToken) -> bool {
    presented.token.as_ref().is_some_and(Token::is_admin)
}
