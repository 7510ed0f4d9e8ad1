//! Everything that is kept about an account, for its owner.

use crate::{
    domain::{Caller, Error, audit::Action, limits, lookups, unit_of_work::as_caller},
    gateway::Gateway,
    model::{
        AuditEntry, AuditFilter, Badge, Ban, CoinRecord, DeviceDetails, DeviceSn, Medal, ModuleIgnore, Notification,
        Page, PersonalData, PushToken, Remark, Settings, User, UserId,
    },
    store::{
        Conn, audit, bans, coins, devices, medals, module_ignores, notifications, personal_data, push_profiles,
        push_tags, push_tokens, remarks, settings, users,
    },
};

/// Maximum numbers of rows, so that an export has a bound. The newest come first.
const MAX_REMARKS: i64 = 10_000;
const MAX_COIN_RECORDS: i64 = 50_000;
const MAX_AUDIT_ROWS: usize = 10_000;
const MAX_DEVICES: i64 = 10_000;

/// What is kept about an account, without the hashes of its password and tokens.
#[derive(Debug)]
pub struct OwnData {
    /// The account.
    pub user: User,
    /// Whether the mobile number is confirmed.
    pub is_mobile_confirmed: bool,
    /// Whether the account has a password.
    pub has_password: bool,
    /// The medals.
    pub medals: Vec<Medal>,
    /// The ban, also one that has ended.
    pub ban: Option<Ban>,
    /// The personal data.
    pub personal: PersonalData,
    /// The settings.
    pub settings: Settings,
    /// The push alias and badge.
    pub push: (Option<String>, Badge),
    /// The push tags.
    pub tags: Vec<String>,
    /// The tokens of push services by device.
    pub push_tokens: Vec<(DeviceSn, PushToken)>,
    /// The devices with their sessions.
    pub devices: Vec<DeviceDetails>,
    /// The registrations for notifications by device.
    pub notifications: Vec<(String, Notification)>,
    /// The ignored modules by device.
    pub ignored_modules: Vec<(String, ModuleIgnore)>,
    /// The remarks about other users.
    pub remarks: Vec<(UserId, Remark)>,
    /// The ledger of coins, newest first.
    pub coins: Vec<CoinRecord>,
    /// The rows of the audit log about the account, newest first.
    pub audit: Vec<AuditEntry>,
}

/// Everything that is kept about the caller's account. The export is audited, and limited to a few a day.
///
/// # Errors
/// [`Error::TooManyRequests`]; [`Error::NoPermission`] for an operator, who has `diglot user export`.
pub async fn export_own(gateway: &Gateway, caller: &Caller) -> Result<OwnData, Error> {
    caller.logged_in()?;
    limits::count_own_export(gateway, caller).await?;
    as_caller(gateway, caller, Action::new("account.export_own"), |_| Ok(())).await?;
    let (tenant, id, now_ms) = (caller.tenant_id().clone(), caller.user(), gateway.clock.now_ms());
    let idle_since_ms = now_ms.saturating_sub(gateway.config.session_max_idle_ms);
    let read = move |conn: &mut Conn| -> Result<OwnData, Error> {
        let mut audit_rows = Vec::new();
        let filter = AuditFilter { user: Some(id), ..AuditFilter::default() };
        let mut next = Some(Page::first());
        while let Some(page) = next.filter(|_| audit_rows.len() < MAX_AUDIT_ROWS) {
            let listed = audit::list(conn, &tenant, &filter, page)?;
            audit_rows.extend(listed.items);
            next = listed.next.map(Page::after);
        }
        Ok(OwnData {
            user: users::find(conn, &tenant, id)?.ok_or(Error::UserNotFound)?,
            is_mobile_confirmed: users::is_mobile_confirmed(conn, id)?,
            has_password: users::find_password_hash(conn, id)?.is_some(),
            medals: medals::list_of(conn, id)?,
            ban: bans::find(conn, id)?,
            personal: personal_data::find(conn, id)?.unwrap_or_default(),
            settings: settings::get(conn, id)?,
            push: push_profiles::find(conn, id)?.unwrap_or_default(),
            tags: push_tags::list(conn, id)?,
            push_tokens: push_tokens::list(conn, id)?,
            devices: devices::list_details(conn, id, MAX_DEVICES, idle_since_ms, now_ms)?,
            notifications: notifications::list(conn, id)?,
            ignored_modules: module_ignores::list(conn, id)?,
            remarks: remarks::list_up_to(conn, id, MAX_REMARKS)?,
            coins: coins::list_up_to(conn, id, MAX_COIN_RECORDS)?,
            audit: audit_rows,
        })
    };
    let found = gateway.db.read(read).await?;
    Ok(OwnData { user: lookups::shown(gateway, found.user), ..found })
}
