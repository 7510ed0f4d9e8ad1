//! Everything that operators see of one account.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsOperator,
    answer::{Answer, Data},
    params::{Query, required},
    settings::SettingsData,
};
use crate::{
    domain::accounts::{self, AccountDetails, PushDetails},
    gateway::Gateway,
    model::{Ban, DeviceDetails, DeviceSn, Medal, PersonalData, PushToken, UserId},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![admin("/admin/v1/users/get").get(get, "Gets everything that operators see of an account")]
}

#[derive(Deserialize, JsonSchema)]
struct UserQuery {
    user_id: Option<String>,
}

/// An account; unset fields are omitted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AccountData {
    pub(crate) user_id: i64,
    /// 0 active, 1 disabled.
    pub(crate) status: i16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    pub(crate) nick_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) avatar: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mobile: Option<String>,
    /// Whether the account's owner has proved to control the mobile number.
    pub(crate) mobile_confirmed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    pub(crate) has_password: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) private_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public_info: Option<String>,
    pub(crate) registered_at_ms: i64,
    /// 0 for never.
    pub(crate) last_active_at_ms: i64,
    pub(crate) online: bool,
    /// Whether what is online is known to the node that answered only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) degraded: bool,
    /// The balance in 0.01 coin.
    pub(crate) coin_cents: i64,
    /// 0 never, 1 now, 2 in the past.
    pub(crate) vip: i16,
    /// 0 for never.
    pub(crate) vip_expires_at_ms: i64,
    pub(crate) medals: Vec<HeldMedalData>,
    /// The ban in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ban: Option<BanData>,
    personal: PersonalDetailsData,
    /// Without the answer that admits friends; the push token is masked.
    settings: SettingsData,
    pub(crate) push: PushData,
    /// Up to 200, the last one used first.
    pub(crate) devices: Vec<DeviceDetailsData>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct HeldMedalData {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) desc: String,
    pub(crate) image_url: String,
}

impl From<Medal> for HeldMedalData {
    fn from(medal: Medal) -> Self {
        Self { id: medal.id.0, name: medal.name, desc: medal.description, image_url: medal.image_url }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct BanData {
    pub(crate) reason: String,
    pub(crate) ends_at_ms: i64,
}

impl From<Ban> for BanData {
    fn from(ban: Ban) -> Self {
        Self { reason: ban.reason, ends_at_ms: ban.ends_at_ms }
    }
}

#[derive(Serialize, JsonSchema)]
struct PersonalDetailsData {
    introduction: String,
    /// 1 male, 2 female, 3 other, 0 unspecified.
    gender: i16,
    /// Unix seconds; 0 is unspecified.
    birthday: i64,
    province: String,
    city: String,
    district: String,
    location_code: String,
    /// 0 for never.
    updated_at_ms: i64,
}

impl From<PersonalData> for PersonalDetailsData {
    fn from(data: PersonalData) -> Self {
        Self {
            introduction: data.introduction,
            gender: data.gender,
            birthday: data.birthday_secs,
            province: data.province,
            city: data.city,
            district: data.district,
            location_code: data.location_code,
            updated_at_ms: data.updated_at_ms,
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct PushData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alias: Option<String>,
    pub(crate) badge: i32,
    pub(crate) tags: Vec<String>,
    tokens: Vec<PushTokenData>,
}

/// A device's token of a push service.
#[derive(Serialize, JsonSchema)]
struct PushTokenData {
    device_sn: i32,
    /// The token's last four characters.
    device_token: String,
    notifier_name: String,
}

impl From<PushDetails> for PushData {
    fn from(push: PushDetails) -> Self {
        let token = |(device, token): (DeviceSn, PushToken)| PushTokenData {
            device_sn: device.0,
            device_token: token.device_token,
            notifier_name: token.notifier_name,
        };
        let tokens = push.tokens.into_iter().map(token).collect();
        Self { alias: push.alias, badge: push.badge.get(), tags: push.tags, tokens }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DeviceDetailsData {
    pub(crate) device_sn: i32,
    /// The id that the client chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_id: Option<String>,
    /// 1 ios, 2 android, 3 windows, 4 mac, 5 linux, 6 web, 0 anything else.
    pub(crate) platform: i16,
    /// The platform as the client named it.
    pub(crate) platform_name: String,
    pub(crate) user_agent: String,
    pub(crate) last_login_at_ms: i64,
    pub(crate) online: bool,
    /// The session on it that can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<DeviceSessionData>,
}

#[expect(clippy::struct_field_names, reason = "the names of the answer")]
#[derive(Serialize, JsonSchema)]
pub(crate) struct DeviceSessionData {
    pub(crate) created_at_ms: i64,
    pub(crate) last_used_at_ms: i64,
    pub(crate) expires_at_ms: i64,
}

impl DeviceDetailsData {
    fn new(device: DeviceDetails, online: bool) -> Self {
        let session = device.session.map(|session| DeviceSessionData {
            created_at_ms: session.created_at_ms,
            last_used_at_ms: session.last_used_at_ms,
            expires_at_ms: session.expires_at_ms,
        });
        Self {
            device_sn: device.sn.0,
            device_id: device.key,
            platform: device.platform,
            platform_name: device.platform_name,
            user_agent: device.user_agent,
            last_login_at_ms: device.last_login_at_ms,
            online,
            session,
        }
    }
}

impl From<AccountDetails> for AccountData {
    fn from(details: AccountDetails) -> Self {
        let AccountDetails { user, online, .. } = details;
        let device = |device: DeviceDetails| {
            let is_online = online.contains(&device.sn);
            DeviceDetailsData::new(device, is_online)
        };
        Self {
            user_id: user.id.get(),
            status: user.status.code(),
            username: user.username,
            nick_name: user.nickname,
            avatar: user.avatar_url,
            mobile: user.mobile,
            mobile_confirmed: details.is_mobile_confirmed,
            email: user.email,
            has_password: details.has_password,
            description: user.description,
            private_info: user.private_info,
            public_info: user.public_info,
            registered_at_ms: user.registered_at_ms,
            last_active_at_ms: user.activity.last_active_at_ms,
            online: !online.is_empty(),
            degraded: details.is_online_degraded,
            coin_cents: user.coin_cents,
            vip: details.vip.code().into(),
            vip_expires_at_ms: user.vip_expires_at_ms,
            medals: details.medals.into_iter().map(HeldMedalData::from).collect(),
            ban: details.ban.map(BanData::from),
            personal: details.personal.into(),
            settings: SettingsData::new(user.id, details.settings),
            push: details.push.into(),
            devices: details.devices.into_iter().map(device).collect(),
        }
    }
}

async fn get(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<UserQuery>>,
) -> Answer<AccountData> {
    let user = UserId::parse("user_id", &required("user_id", query.user_id)?)?;
    Ok(Data(accounts::get_details(&gateway, &operator, user).await?.into()))
}
