//! Everything that is kept about an account, for its owner.

use crate::{
    domain::{Caller, Error, audit::Action, limits, lookups, unit_of_work::as_caller},
    gateway::Gateway,
    model::{
        AuditActor, AuditEntry, AuditFilter, Badge, Ban, CoinRecord, DeviceDetails, DeviceSn, Medal, MediaName,
        ModuleIgnore, Notification, Page, PersonalData, PushToken, Remark, Settings, TinodeUid, User, UserId,
    },
    store::{
        Conn, audit, bans, coins, devices, invitations, medals, media, module_ignores, notifications, personal_data,
        push_profiles, push_tags, push_tokens, remarks, settings, tinode_links, users,
    },
};

/// Maximum numbers of rows, so that an export has a bound. The newest come first.
const MAX_REMARKS: i64 = 10_000;
const MAX_COIN_RECORDS: i64 = 50_000;
const MAX_AUDIT_ROWS: usize = 10_000;
const MAX_DEVICES: i64 = 10_000;
const MAX_INVITATIONS: i64 = 10_000;
const MAX_IMAGES: i64 = 10_000;

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
    /// By whom the account was invited, and when.
    pub inviter: Option<(UserId, i64)>,
    /// The accounts that it has invited, and when, newest first.
    pub invited: Vec<(UserId, i64)>,
    /// The images that it has uploaded and that are kept still, and when, newest first.
    pub images: Vec<(MediaName, i64)>,
    /// Its account on the Tinode server.
    pub tinode: Option<TinodeUid>,
    /// The rows of the audit log about the account, newest first.
    pub audit: Vec<OwnAuditRow>,
}

/// A row of the audit log, as the owner of the account sees it.
#[derive(Debug)]
pub struct OwnAuditRow {
    /// The time.
    pub at_ms: i64,
    /// Who acted.
    pub actor: OwnAuditActor,
    /// The user that an operator acted for.
    pub for_user: Option<UserId>,
    /// The operation.
    pub action: String,
    /// The target of the operation.
    pub target: String,
    /// The source address; `None` if it may be someone else's.
    pub address: Option<String>,
    /// `ok`, or the reason of the refusal.
    pub result: String,
}

/// Who acted on an account, without what identifies others.
#[derive(Clone, Copy, Debug)]
pub enum OwnAuditActor {
    /// The account itself.
    Account(UserId),
    /// Someone without a token, as at a login.
    Anonymous,
    /// Another user.
    OtherUser,
    /// An operator, with an admin token or the command line.
    Operator,
}

impl OwnAuditRow {
    fn of(row: AuditEntry, owner: UserId) -> Self {
        let actor = match row.actor {
            AuditActor::User(user) if user == owner => OwnAuditActor::Account(owner),
            AuditActor::User(_) => OwnAuditActor::OtherUser,
            AuditActor::Anonymous => OwnAuditActor::Anonymous,
            AuditActor::AdminToken(_) | AuditActor::CommandLine => OwnAuditActor::Operator,
        };
        // Whoever has logged in or registered has proved to be the owner; a refused one may be anyone.
        let is_own = match actor {
            OwnAuditActor::Account(_) => true,
            OwnAuditActor::Anonymous => row.result == "ok",
            OwnAuditActor::OtherUser | OwnAuditActor::Operator => false,
        };
        Self {
            at_ms: row.at_ms,
            actor,
            for_user: row.for_user,
            action: row.action,
            target: row.target,
            address: is_own.then_some(row.address),
            result: row.result,
        }
    }
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
            audit_rows.extend(listed.items.into_iter().map(|row| OwnAuditRow::of(row, id)));
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
            inviter: invitations::find_inviter(conn, id)?,
            invited: invitations::list_up_to(conn, id, MAX_INVITATIONS)?,
            images: media::list_of(conn, id, MAX_IMAGES)?,
            tinode: tinode_links::find(conn, id)?,
            audit: audit_rows,
        })
    };
    let found = gateway.db.read(read).await?;
    Ok(OwnData { user: lookups::shown(gateway, found.user), ..found })
}
