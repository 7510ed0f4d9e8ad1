//! The app of the admin token, and its admin tokens.

use std::collections::BTreeMap;

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    access::{AsAnonymous, AsOperator},
    answer::{Answer, DONE, Data},
    params::{Flag, Json, Query, required},
};
use crate::{
    domain::tenants::{self, AccessTokenChanges},
    gateway::Gateway,
    model::{AdminToken, AdminTokenId, AdminTokenState, ClientConfig, Days, Invalid, Problem, RewardChanges, Tenant},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/app/config").get(client_config, "What clients ask for when they start"),
        admin("/admin/v1/app/get").get(get, "Shows the app"),
        admin("/admin/v1/app/set").post(set, "Changes the app"),
        admin("/admin/v1/app/rotate-secret")
            .post(rotate_secret, "Replaces the secret of the app, and shows the new one once"),
        admin("/admin/v1/tokens/list").get(list_tokens, "Lists the admin tokens of the app, oldest first"),
        admin("/admin/v1/tokens/create").post(create_token, "Creates an admin token, and shows it once"),
        admin("/admin/v1/tokens/revoke").post(revoke_token, "Revokes an admin token"),
    ]
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct AppData {
    pub(crate) id: String,
    /// Unix time in seconds.
    pub(crate) created_at: i64,
    /// Whether anyone may register.
    pub(crate) registration_open: bool,
    /// Whether push registrations must be signed with the app's secret.
    pub(crate) push_sign_required: bool,
    /// Whom access tokens may be for; the first one is the default. Empty: the app.
    pub(crate) access_token_audiences: Vec<String>,
    /// How long access tokens are valid.
    pub(crate) access_token_secs: i64,
    /// Further claims of access tokens: names with templates.
    pub(crate) access_token_claims: BTreeMap<String, String>,
    /// What clients ask for when they start.
    pub(crate) client_config: Map<String, Value>,
    /// What whoever invited a new account gets, in 0.01 coin.
    pub(crate) reward_inviter_cents: i64,
    /// What the new account gets.
    pub(crate) reward_invitee_cents: i64,
    /// How many invitations a user is paid for a day.
    pub(crate) invitations_per_day: i32,
    /// How many invitations clients show as the goal; 0 for none.
    pub(crate) invitations_goal: i32,
    /// What the first change of the display name, and of the avatar, is paid.
    pub(crate) reward_first_edit_cents: i64,
}

impl From<Tenant> for AppData {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            created_at: secs(tenant.created_at_ms),
            registration_open: tenant.is_registration_open,
            push_sign_required: tenant.is_push_sign_required,
            access_token_audiences: tenant.access_tokens.audiences.clone(),
            access_token_secs: tenant.access_tokens.lifetime_secs,
            access_token_claims: tenant.access_tokens.claims.clone(),
            client_config: object(&tenant.client_config),
            reward_inviter_cents: tenant.rewards.inviter.0,
            reward_invitee_cents: tenant.rewards.invitee.0,
            invitations_per_day: tenant.rewards.invitations_per_day,
            invitations_goal: tenant.rewards.invitations_goal,
            reward_first_edit_cents: tenant.rewards.first_edit.0,
        }
    }
}

async fn get(gateway: web::Data<Gateway>, AsOperator(operator, ()): AsOperator) -> Answer<AppData> {
    Ok(Data(tenants::get(&gateway, &operator).await?.into()))
}

/// The object of a configuration; empty if what is stored is none.
fn object(config: &ClientConfig) -> Map<String, Value> {
    serde_json::from_str(config.as_str()).unwrap_or_default()
}

#[derive(Deserialize, JsonSchema)]
struct PlatformQuery {
    /// The client's platform. The configuration is the same for all.
    #[expect(dead_code, reason = "documented clients send it")]
    platform: Option<String>,
}

async fn client_config(
    AsAnonymous(anonymous, Query(_)): AsAnonymous<Query<PlatformQuery>>,
) -> Answer<Map<String, Value>> {
    Ok(Data(object(&anonymous.tenant().client_config)))
}

#[derive(Deserialize, JsonSchema)]
struct AppBody {
    registration_open: Option<Flag>,
    push_sign_required: Option<Flag>,
    /// Whom access tokens may be for; the first one is the default. Replaces the list.
    access_token_audiences: Option<Vec<String>>,
    /// How long access tokens are valid: 30 to 900.
    access_token_secs: Option<i64>,
    /// Further claims of access tokens, such as `"jid": "{user_id}@chat.example"`. Replaces all of them.
    access_token_claims: Option<BTreeMap<String, String>>,
    /// What clients ask for when they start. Replaces all of it.
    client_config: Option<Map<String, Value>>,
    /// What whoever invited a new account gets, in 0.01 coin, up to 1,000,000.
    reward_inviter_cents: Option<i64>,
    /// What the new account gets.
    reward_invitee_cents: Option<i64>,
    /// How many invitations a user is paid for a day.
    invitations_per_day: Option<i64>,
    /// How many invitations clients show as the goal; 0 for none.
    invitations_goal: Option<i64>,
    /// What the first change of the display name, and of the avatar, is paid.
    reward_first_edit_cents: Option<i64>,
}

async fn set(gateway: web::Data<Gateway>, AsOperator(operator, Json(body)): AsOperator<Json<AppBody>>) -> Answer<bool> {
    if let Some(is_open) = body.registration_open {
        tenants::set_registration_open(&gateway, &operator, is_open.get()).await?;
    }
    if let Some(is_required) = body.push_sign_required {
        tenants::set_push_sign_required(&gateway, &operator, is_required.get()).await?;
    }
    if let Some(config) = body.client_config {
        let config = ClientConfig::parse(&Value::Object(config).to_string())?;
        tenants::set_client_config(&gateway, &operator, config).await?;
    }
    let rewards = RewardChanges {
        inviter_cents: body.reward_inviter_cents,
        invitee_cents: body.reward_invitee_cents,
        invitations_per_day: body.invitations_per_day,
        invitations_goal: body.invitations_goal,
        first_edit_cents: body.reward_first_edit_cents,
    };
    if !rewards.is_empty() {
        tenants::set_rewards(&gateway, &operator, rewards).await?;
    }
    let changes = AccessTokenChanges {
        audiences: body.access_token_audiences,
        lifetime_secs: body.access_token_secs,
        claims: body.access_token_claims,
    };
    if !changes.is_empty() {
        tenants::set_access_tokens(&gateway, &operator, changes).await?;
    }
    DONE
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct SecretData {
    pub(crate) secret: String,
}

async fn rotate_secret(gateway: web::Data<Gateway>, AsOperator(operator, ()): AsOperator) -> Answer<SecretData> {
    Ok(Data(SecretData { secret: tenants::rotate_secret(&gateway, &operator).await? }))
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct AdminTokenData {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// Unix time in seconds.
    pub(crate) created_at: i64,
    /// Unix time in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<i64>,
    /// Unix time in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_at: Option<i64>,
    /// `valid`, `expired` or `revoked`.
    pub(crate) state: &'static str,
    /// Whether it is the token of this request.
    pub(crate) is_own: bool,
}

async fn list_tokens(gateway: web::Data<Gateway>, AsOperator(operator, ()): AsOperator) -> Answer<Vec<AdminTokenData>> {
    let (own, now_ms) = (operator.token(), gateway.clock.now_ms());
    let tokens = tenants::list_admin_tokens(&gateway, &operator).await?;
    Ok(Data(tokens.into_iter().map(|token| AdminTokenData::new(token, own, now_ms)).collect()))
}

impl AdminTokenData {
    /// A token at that time, asked for with the token `own`.
    pub(crate) fn new(token: AdminToken, own: Option<AdminTokenId>, now_ms: i64) -> Self {
        let state = match token.state(now_ms) {
            AdminTokenState::Valid => "valid",
            AdminTokenState::Expired => "expired",
            AdminTokenState::Revoked => "revoked",
        };
        Self {
            id: token.id.0,
            name: token.name,
            created_at: secs(token.created_at_ms),
            expires_at: token.expires_at_ms.map(secs),
            revoked_at: token.revoked_at_ms.map(secs),
            state,
            is_own: own == Some(token.id),
        }
    }
}

const fn secs(ms: i64) -> i64 {
    ms.div_euclid(1000)
}

#[derive(Deserialize, JsonSchema)]
struct AdminTokenBody {
    name: Option<String>,
    /// How long it is valid, from 1 to 36500; without a limit by default.
    days: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct CreatedToken {
    pub(crate) token: String,
}

async fn create_token(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<AdminTokenBody>>,
) -> Answer<CreatedToken> {
    let name = required("name", body.name)?;
    let days = body.days.map(|days| Days::parse("days", days)).transpose()?;
    let token = tenants::create_admin_token(&gateway, &operator, &name, days.map(Days::ms)).await?;
    Ok(Data(CreatedToken { token: token.reveal().to_owned() }))
}

#[derive(Deserialize, JsonSchema)]
struct TokenNameBody {
    name: Option<String>,
}

async fn revoke_token(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<TokenNameBody>>,
) -> Answer<bool> {
    if tenants::revoke_admin_token(&gateway, &operator, required("name", body.name)?).await? {
        DONE
    } else {
        Err(Invalid::new("name", Problem::Unknown).into())
    }
}
