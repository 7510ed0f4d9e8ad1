//! Everything that operators see of one account.

use std::{collections::HashSet, iter};

use crate::{
    domain::{Error, Operator, lookups, presence},
    gateway::Gateway,
    model::{Badge, Ban, DeviceDetails, DeviceSn, Medal, PersonalData, PushToken, Settings, User, UserId, VipState},
    store::{Conn, bans, devices, medals, personal_data, push_profiles, push_tags, push_tokens, settings, users},
};

/// An account as operators see it: without what proves the identity of its owner, and with masked push tokens.
#[derive(Debug)]
pub struct AccountDetails {
    /// The account.
    pub user: User,
    /// Whether the mobile number is confirmed.
    pub is_mobile_confirmed: bool,
    /// Whether the account has a password.
    pub has_password: bool,
    /// The current VIP state.
    pub vip: VipState,
    /// The medals, in their order.
    pub medals: Vec<Medal>,
    /// The ban that is in force.
    pub ban: Option<Ban>,
    /// The personal data.
    pub personal: PersonalData,
    /// The settings, without the answer that admits friends. The push token is masked.
    pub settings: Settings,
    /// The registration for push messages.
    pub push: PushDetails,
    /// The devices, the last one used first; at most [`AccountDetails::MAX_DEVICES`].
    pub devices: Vec<DeviceDetails>,
    /// The devices that are in use now.
    pub online: HashSet<DeviceSn>,
    /// Whether `online` is the knowledge of this node only.
    pub is_online_degraded: bool,
}

impl AccountDetails {
    /// Maximum number of devices that are listed.
    pub const MAX_DEVICES: i64 = 200;
}

/// How push messages reach an account.
#[derive(Debug, Default)]
pub struct PushDetails {
    /// The alias.
    pub alias: Option<String>,
    /// The badge number.
    pub badge: Badge,
    /// The tags, in order.
    pub tags: Vec<String>,
    /// The tokens of the push services by device, masked.
    pub tokens: Vec<(DeviceSn, PushToken)>,
}

/// All of an account of the operator's tenant.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn get_details(gateway: &Gateway, operator: &Operator, id: UserId) -> Result<AccountDetails, Error> {
    let (tenant, now_ms) = (operator.tenant_id().clone(), gateway.clock.now_ms());
    let idle_since_ms = now_ms.saturating_sub(gateway.config.session_max_idle_ms);
    let find = move |conn: &mut Conn| -> Result<_, Error> {
        let user = users::find(conn, &tenant, id)?.ok_or(Error::UserNotFound)?;
        let (alias, badge) = push_profiles::find(conn, id)?.unwrap_or_default();
        let (tags, tokens) = (push_tags::list(conn, id)?, push_tokens::list(conn, id)?);
        Ok(AccountDetails {
            vip: user.vip_state(now_ms),
            user,
            is_mobile_confirmed: users::is_mobile_confirmed(conn, id)?,
            has_password: users::find_password_hash(conn, id)?.is_some(),
            medals: medals::list_of(conn, id)?,
            ban: bans::find(conn, id)?.filter(|ban| ban.is_in_force(now_ms)),
            personal: personal_data::find(conn, id)?.unwrap_or_default(),
            settings: shown(settings::get(conn, id)?),
            push: PushDetails { alias, badge, tags, tokens: tokens.into_iter().map(with_mask).collect() },
            devices: devices::list_details(conn, id, AccountDetails::MAX_DEVICES, idle_since_ms, now_ms)?,
            online: HashSet::new(),
            is_online_degraded: false,
        })
    };
    let found = gateway.db.read(find).await?;
    let present = presence::of(gateway, operator.tenant_id(), id).await?;
    let (online, is_online_degraded) = (present.devices, present.is_degraded);
    Ok(AccountDetails { user: lookups::shown(gateway, found.user), online, is_online_degraded, ..found })
}

/// The settings without what only the account may see.
fn shown(settings: Settings) -> Settings {
    Settings { auth_answer: None, push_token: settings.push_token.as_deref().map(masked), ..settings }
}

fn with_mask((device, token): (DeviceSn, PushToken)) -> (DeviceSn, PushToken) {
    (device, PushToken { device_token: masked(&token.device_token), ..token })
}

/// The last four characters of a token; none of a short one.
fn masked(token: &str) -> String {
    const SHOWN: usize = 4;
    let length = token.chars().count();
    let hidden = if length >= 4 * SHOWN { length - SHOWN } else { length };
    iter::once('…').chain(token.chars().skip(hidden)).collect()
}
