//! Push targets, for workers that send push messages.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsOperator,
    answer::{Answer, Data, ListAnswer, Part},
    params::{Flag, Id, Json},
};
use crate::{
    domain::push_targets,
    gateway::Gateway,
    model::{
        Alias, Audience, DeadRegistrations, Invalid, PushTarget, PushTargetPage, Quiet, Tag, TagCondition,
        TargetRegistration, UserId,
    },
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/admin/v1/push/targets").post(list, "Lists where push messages reach accounts, for push workers"),
        admin("/admin/v1/push/feedback").post(remove_dead, "Removes tokens that push services reported as dead"),
    ]
}

/// At least one of `users`, `aliases`, `tags.any`, `tags.all` and `everyone` is required. An account must meet all
/// conditions that are present.
#[derive(Deserialize, JsonSchema)]
struct TargetsBody {
    /// Any of up to 1,000 accounts.
    users: Option<Vec<Id>>,
    /// The owners of up to 1,000 aliases.
    aliases: Option<Vec<String>>,
    /// The accounts with certain tags.
    tags: Option<TagsCondition>,
    /// All accounts of the app.
    everyone: Option<Flag>,
    cursor: Option<String>,
    /// 1 to 1,000; by default 200.
    page_size: Option<i64>,
}

/// Up to 20 tags in each list.
#[derive(Default, Deserialize, JsonSchema)]
struct TagsCondition {
    /// At least one of these.
    any: Option<Vec<String>>,
    /// All of these.
    all: Option<Vec<String>>,
    /// None of these.
    none: Option<Vec<String>>,
}

impl TargetsBody {
    fn parse(self) -> Result<PushTargetPage, Invalid> {
        let users = self.users.map(|ids| ids.into_iter().map(|id| id.user("users")).collect()).transpose()?;
        let alias = |text: &String| Alias::parse(text).map_err(|invalid| Invalid { what: "aliases", ..invalid });
        let aliases = self.aliases.map(|aliases| aliases.iter().map(alias).collect()).transpose()?;
        let tags = self.tags.unwrap_or_default();
        let tags = TagCondition::parse(
            tags.any.as_deref().map(parse_tags).transpose()?,
            parse_tags(&tags.all.unwrap_or_default())?,
            parse_tags(&tags.none.unwrap_or_default())?,
        )?;
        let audience = Audience::parse(users, aliases, tags, self.everyone.is_some_and(Flag::get))?;
        let cursor = self.cursor.as_deref().filter(|cursor| !cursor.is_empty());
        PushTargetPage::parse(audience, cursor, self.page_size)
    }
}

fn parse_tags(tags: &[String]) -> Result<Vec<Tag>, Invalid> {
    tags.iter().map(|tag| Tag::parse(tag)).collect()
}

/// A device that push messages reach, or an account whose token is not bound to a device. Unset fields are omitted.
#[derive(Serialize, JsonSchema)]
struct TargetData {
    user_id: i64,
    /// Absent for a token that is not bound to a device.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_sn: Option<i32>,
    /// The id that the client chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<String>,
    /// 1 ios, 2 android, 3 windows, 4 mac, 5 linux, 6 web, 0 anything else.
    platform: i16,
    /// The platform as the client named it.
    platform_name: String,
    /// The name of the certificate to push with.
    #[serde(skip_serializing_if = "Option::is_none")]
    notifier_name: Option<String>,
    /// The push service's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<String>,
    /// The push service's id of the device, from its registration for notifications.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_id: Option<String>,
    /// The client's own number for the kind of push service that `registration_id` belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_type: Option<i32>,
    badge: i32,
    /// The name to show: the one for push messages, if it is set.
    nick_name: String,
    quiet: QuietData,
}

/// What the user wants to be spared.
#[derive(Serialize, JsonSchema)]
struct QuietData {
    /// Whether no message should be pushed now: pushes are off, or it is one of the hours without.
    now: bool,
    /// Whether messages should hide their content.
    hide_detail: bool,
    /// Whether messages should come without a sound.
    no_sounds: bool,
    /// Whether messages should vibrate.
    vibratory: bool,
}

impl From<Quiet> for QuietData {
    fn from(quiet: Quiet) -> Self {
        Self {
            now: quiet.is_now,
            hide_detail: quiet.hides_detail,
            no_sounds: quiet.no_sounds,
            vibratory: quiet.vibratory,
        }
    }
}

impl From<PushTarget> for TargetData {
    fn from(target: PushTarget) -> Self {
        let (device_sn, device_id, platform, platform_name) = match target.device {
            Some(device) => (Some(device.sn.0), device.key, device.platform, device.platform_name),
            None => (None, None, 0, String::new()),
        };
        let registration = target.registration.map(|TargetRegistration { id, kind, .. }| (id, kind));
        let (registration_id, registration_type) = registration.unzip();
        Self {
            user_id: UserId::get(target.user),
            device_sn,
            device_id,
            platform,
            platform_name,
            notifier_name: target.notifier_name,
            device_token: target.device_token,
            registration_id,
            registration_type,
            badge: target.badge.get(),
            nick_name: target.nickname,
            quiet: target.quiet.into(),
        }
    }
}

async fn list(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<TargetsBody>>,
) -> ListAnswer<TargetData> {
    Ok(Part::of(push_targets::list(&gateway, &operator, body.parse()?).await?, TargetData::from))
}

/// Up to 1,000 items in each list, one of which may be absent.
#[derive(Deserialize, JsonSchema)]
struct FeedbackBody {
    /// Tokens of devices and accounts.
    device_tokens: Option<Vec<String>>,
    /// Ids of registrations for notifications.
    registration_ids: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
struct RemovedData {
    /// The number of tokens and ids that were removed; unknown ones do not count.
    removed: usize,
}

async fn remove_dead(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<FeedbackBody>>,
) -> Answer<RemovedData> {
    let dead = DeadRegistrations::parse(body.device_tokens.as_deref(), body.registration_ids.as_deref())?;
    Ok(Data(RemovedData { removed: push_targets::remove_dead(&gateway, &operator, dead).await? }))
}
