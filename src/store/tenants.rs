//! Tenants.

use std::sync::Arc;

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::apps, selection, webhooks};
use crate::model::{AccessTokenSettings, Cents, ClientConfig, Rewards, Subscriptions, Tenant, TenantId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = apps)]
struct AppRow {
    id: String,
    registration_open: bool,
    created_at_ms: i64,
    secret_version: i32,
    push_sign_required: bool,
    access_token_audiences: String,
    access_token_secs: i32,
    access_token_claims: String,
    client_config: String,
    reward_inviter_cents: i64,
    reward_invitee_cents: i64,
    invitations_per_day: i32,
    invitations_goal: i32,
    reward_first_edit_cents: i64,
}

impl AppRow {
    fn into_tenant(self, subscriptions: Subscriptions) -> Tenant {
        let row = self;
        let access_tokens = AccessTokenSettings {
            audiences: row.access_token_audiences.split_whitespace().map(str::to_owned).collect(),
            lifetime_secs: row.access_token_secs.into(),
            claims: serde_json::from_str(&row.access_token_claims).unwrap_or_default(),
        };
        Tenant {
            id: TenantId::stored(row.id),
            is_registration_open: row.registration_open,
            created_at_ms: row.created_at_ms,
            secret_version: row.secret_version,
            is_push_sign_required: row.push_sign_required,
            access_tokens: Arc::new(access_tokens),
            client_config: ClientConfig::stored(row.client_config),
            rewards: Rewards {
                inviter: Cents(row.reward_inviter_cents),
                invitee: Cents(row.reward_invitee_cents),
                invitations_per_day: row.invitations_per_day,
                invitations_goal: row.invitations_goal,
                first_edit: Cents(row.reward_first_edit_cents),
            },
            subscriptions,
        }
    }
}

/// Inserts a tenant with open registration.
///
/// # Errors
/// [`StoreError::Taken`] if the tenant exists.
pub fn insert(conn: &mut Conn, id: &TenantId, now_ms: i64) -> Result<(), StoreError> {
    diesel::insert_into(apps::table)
        .values((
            apps::id.eq(id.as_str()),
            apps::registration_open.eq(true),
            apps::created_at_ms.eq(now_ms),
            apps::secret_version.eq(1),
            apps::push_sign_required.eq(false),
        ))
        .execute(conn)?;
    Ok(())
}

/// Opens or closes registration.
pub fn set_registration_open(conn: &mut Conn, id: &TenantId, is_open: bool) -> Result<(), StoreError> {
    diesel::update(apps::table.find(id.as_str())).set(apps::registration_open.eq(is_open)).execute(conn)?;
    Ok(())
}

/// Sets whether push registrations must be signed.
pub fn set_push_sign_required(conn: &mut Conn, id: &TenantId, is_required: bool) -> Result<(), StoreError> {
    diesel::update(apps::table.find(id.as_str())).set(apps::push_sign_required.eq(is_required)).execute(conn)?;
    Ok(())
}

/// Sets what access tokens contain.
pub fn set_access_tokens(conn: &mut Conn, id: &TenantId, new: &AccessTokenSettings) -> Result<(), StoreError> {
    let claims = serde_json::to_value(&new.claims).unwrap_or_default().to_string();
    diesel::update(apps::table.find(id.as_str()))
        .set((
            apps::access_token_audiences.eq(new.audiences.join(" ")),
            apps::access_token_secs.eq(i32::try_from(new.lifetime_secs).unwrap_or_default()),
            apps::access_token_claims.eq(claims),
        ))
        .execute(conn)?;
    Ok(())
}

/// Sets what clients ask for when they start.
pub fn set_client_config(conn: &mut Conn, id: &TenantId, config: &ClientConfig) -> Result<(), StoreError> {
    diesel::update(apps::table.find(id.as_str())).set(apps::client_config.eq(config.as_str())).execute(conn)?;
    Ok(())
}

/// Sets what the tenant pays its users.
pub fn set_rewards(conn: &mut Conn, id: &TenantId, new: Rewards) -> Result<(), StoreError> {
    diesel::update(apps::table.find(id.as_str()))
        .set((
            apps::reward_inviter_cents.eq(new.inviter.0),
            apps::reward_invitee_cents.eq(new.invitee.0),
            apps::invitations_per_day.eq(new.invitations_per_day),
            apps::invitations_goal.eq(new.invitations_goal),
            apps::reward_first_edit_cents.eq(new.first_edit.0),
        ))
        .execute(conn)?;
    Ok(())
}

/// Increments the version of the tenant's secret and returns it.
pub fn bump_secret_version(conn: &mut Conn, id: &TenantId) -> Result<i32, StoreError> {
    Ok(diesel::update(apps::table.find(id.as_str()))
        .set(apps::secret_version.eq(apps::secret_version + 1))
        .returning(apps::secret_version)
        .get_result(conn)?)
}

/// The tenant with that id.
pub fn find(conn: &mut Conn, id: &TenantId) -> Result<Option<Tenant>, StoreError> {
    let row: Option<AppRow> =
        apps::table.find(id.as_str()).select(selection::<AppRow>()).get_result(conn).optional()?;
    let Some(row) = row else { return Ok(None) };
    let subscriptions = webhooks::subscriptions(conn, id)?;
    Ok(Some(row.into_tenant(subscriptions)))
}

/// Locks a tenant until the end of the transaction, for data that may not have a row of its own yet.
pub fn lock(conn: &mut Conn, id: &TenantId) -> Result<(), StoreError> {
    let _: Option<String> = get_locked!(conn, apps::table.find(id.as_str()).select(apps::id)).optional()?;
    Ok(())
}

/// All tenants, by name, without what their webhooks subscribe to.
pub fn list(conn: &mut Conn) -> Result<Vec<Tenant>, StoreError> {
    let rows: Vec<AppRow> = apps::table.select(selection::<AppRow>()).order(apps::id).load(conn)?;
    Ok(rows.into_iter().map(|row| row.into_tenant(Subscriptions::default())).collect())
}
