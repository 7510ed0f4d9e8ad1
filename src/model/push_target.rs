//! What push workers ask for: the accounts that a message is for, and where it reaches them.

use std::collections::{BTreeSet, HashSet};

use super::{
    Alias, Badge, DeviceSn, Invalid, Listing, NotificationRequest, Position, Problem, PushToken, Settings, Tag, UserId,
    page::bounded,
};

/// The accounts that a push message is for. An account must meet all conditions that are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    users: Option<BTreeSet<UserId>>,
    aliases: Option<BTreeSet<Alias>>,
    tags: TagCondition,
}

/// A condition on an account's tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagCondition {
    /// At least one of these; no condition if empty.
    any: BTreeSet<Tag>,
    /// All of these.
    all: BTreeSet<Tag>,
    /// None of these.
    none: BTreeSet<Tag>,
}

impl Audience {
    /// Maximum number of users, and of aliases.
    pub const MAX_LISTED: usize = 1000;

    /// The accounts that meet all conditions that are present: among these users, among the owners of these aliases,
    /// and with these tags.
    ///
    /// # Errors
    /// When a list is empty or too long, and when nothing says which accounts are meant, unless that is `everyone`: a
    /// condition that only excludes accounts is not enough.
    pub fn parse(
        users: Option<Vec<UserId>>,
        aliases: Option<Vec<Alias>>,
        tags: TagCondition,
        everyone: bool,
    ) -> Result<Self, Invalid> {
        if !everyone && users.is_none() && aliases.is_none() && tags.any.is_empty() && tags.all.is_empty() {
            return Err(Invalid::new("one of users, aliases, tags.any, tags.all and everyone", Problem::Missing));
        }
        Ok(Self {
            users: users.map(|users| some_of("users", users, Self::MAX_LISTED)).transpose()?,
            aliases: aliases.map(|aliases| some_of("aliases", aliases, Self::MAX_LISTED)).transpose()?,
            tags,
        })
    }

    /// The users that are listed, if they are.
    #[must_use]
    pub const fn users(&self) -> Option<&BTreeSet<UserId>> {
        self.users.as_ref()
    }

    /// The aliases that are listed, if they are.
    #[must_use]
    pub const fn aliases(&self) -> Option<&BTreeSet<Alias>> {
        self.aliases.as_ref()
    }

    /// The condition on tags.
    #[must_use]
    pub const fn tags(&self) -> &TagCondition {
        &self.tags
    }
}

impl TagCondition {
    /// Maximum number of tags in each of the three lists.
    pub const MAX: usize = 20;

    /// The condition to have any of some tags, all of others, and none of others.
    ///
    /// # Errors
    /// When a list is too long, or `any` is present and empty.
    pub fn parse(any: Option<Vec<Tag>>, all: Vec<Tag>, none: Vec<Tag>) -> Result<Self, Invalid> {
        Ok(Self {
            any: any.map(|any| some_of("tags.any", any, Self::MAX)).transpose()?.unwrap_or_default(),
            all: at_most("tags.all", all, Self::MAX)?,
            none: at_most("tags.none", none, Self::MAX)?,
        })
    }

    /// Whether every account meets it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.any.is_empty() && self.all.is_empty() && self.none.is_empty()
    }

    /// Tags of which every account that meets the condition has at least one; empty if there are no such tags.
    #[must_use]
    pub fn leading(&self) -> Vec<&Tag> {
        match self.all.first() {
            Some(tag) => vec![tag],
            None => self.any.iter().collect(),
        }
    }

    /// All tags that the condition names.
    #[must_use]
    pub fn named(&self) -> BTreeSet<&Tag> {
        self.any.iter().chain(&self.all).chain(&self.none).collect()
    }

    /// Whether an account meets it that has, of the tags named, those in `had`.
    #[must_use]
    pub fn is_met_by(&self, had: &HashSet<String>) -> bool {
        let has = |tag: &Tag| had.contains(tag.as_str());
        (self.any.is_empty() || self.any.iter().any(has)) && self.all.iter().all(has) && !self.none.iter().any(has)
    }
}

/// A page of the places where push messages reach an audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushTargetPage {
    /// The accounts.
    pub audience: Audience,
    after: Option<Position>,
    size: usize,
}

impl PushTargetPage {
    const DEFAULT_SIZE: i64 = 200;
    const MAX_SIZE: i64 = 1000;

    /// The page of up to `size` items after the cursor.
    ///
    /// # Errors
    /// When the cursor is malformed or the size out of bounds.
    pub fn parse(audience: Audience, cursor: Option<&str>, size: Option<i64>) -> Result<Self, Invalid> {
        let after = cursor.map(str::parse).transpose()?;
        let size = bounded("page_size", size.unwrap_or(Self::DEFAULT_SIZE), Self::MAX_SIZE)?;
        Ok(Self { audience, after, size: usize::try_from(size).unwrap_or(usize::MAX) })
    }

    /// The smallest number that an account on the page can have.
    #[must_use]
    pub fn first_user(&self) -> i64 {
        self.after.map_or(0, |after| after.sort)
    }

    /// Whether the target comes after the cursor.
    #[must_use]
    pub fn is_after_cursor(&self, target: &PushTarget) -> bool {
        self.after.is_none_or(|after| {
            let position = target.position();
            (position.sort, position.id) > (after.sort, after.id)
        })
    }

    /// The maximum number of items.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The page, if `found`, which is in order, has more items than fit.
    #[must_use]
    pub fn filled_by(&self, found: &mut Vec<PushTarget>) -> Option<Listing<PushTarget>> {
        if found.len() <= self.size {
            return None;
        }
        found.truncate(self.size);
        let next = found.last().map(PushTarget::position);
        Some(Listing { items: std::mem::take(found), next })
    }
}

/// A place where push messages reach an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushTarget {
    /// The account.
    pub user: UserId,
    /// The device; `None` if the token is not bound to one.
    pub device: Option<TargetDevice>,
    /// The push service's token.
    pub device_token: Option<String>,
    /// The name of the certificate to push with.
    pub notifier_name: Option<String>,
    /// The registration for notifications.
    pub registration: Option<TargetRegistration>,
    /// The badge number.
    pub badge: Badge,
    /// The name to show in the message.
    pub nickname: String,
    /// What the user wants to be spared.
    pub quiet: Quiet,
}

/// A device that is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetDevice {
    /// Its serial number among the account's devices.
    pub sn: DeviceSn,
    /// The id that the client chose, if any.
    pub key: Option<String>,
    /// The platform's code: see [`Platform::code`](super::Platform::code).
    pub platform: i16,
    /// The platform as the client names it.
    pub platform_name: String,
}

/// A device's registration for notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRegistration {
    /// The push service's id of the device; empty if it was reported as dead.
    pub id: String,
    /// The client's own number for the kind of push service.
    pub kind: i32,
    /// Whether system notifications are on.
    pub is_open: bool,
}

/// What a user wants to be spared by push messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Whether no message should be pushed now.
    pub is_now: bool,
    /// Whether messages hide their content.
    pub hides_detail: bool,
    /// Whether messages come without a sound.
    pub no_sounds: bool,
    /// Whether messages vibrate.
    pub vibratory: bool,
}

impl Quiet {
    /// What the settings say at that hour of the day.
    #[must_use]
    pub const fn of(settings: &Settings, hour: i16) -> Self {
        Self {
            is_now: settings.no_push || settings.is_hour_without_push(hour),
            hides_detail: settings.no_push_detail,
            no_sounds: settings.no_sounds,
            vibratory: settings.vibratory,
        }
    }
}

impl PushTarget {
    /// Its place in the order: by account, then by device, first the one without a device.
    #[must_use]
    pub fn position(&self) -> Position {
        let device = self.device.as_ref().map_or(0, |device| i64::from(device.sn.0));
        Position { sort: self.user.get(), id: device }
    }

    /// The place after all that an account can have.
    #[must_use]
    pub fn end_of(user: UserId) -> Position {
        Position { sort: user.get(), id: i64::MAX }
    }
}

/// An account as far as push messages to it are concerned.
#[derive(Clone, Debug)]
pub struct PushAccount {
    /// The account.
    pub user: UserId,
    /// Its display name.
    pub nickname: String,
    /// Whether it was ever logged in to.
    pub is_used: bool,
    /// Its settings.
    pub settings: Settings,
    /// Its badge number.
    pub badge: Badge,
}

/// What push services reported as dead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadRegistrations {
    /// Tokens of devices, or of accounts.
    pub device_tokens: Vec<String>,
    /// Ids of registrations for notifications.
    pub registration_ids: Vec<String>,
}

impl DeadRegistrations {
    /// Maximum number of tokens, and of ids.
    pub const MAX: usize = 1000;

    /// # Errors
    /// When both lists are absent, one is too long, or has an item that can't be a token or an id.
    pub fn parse(device_tokens: Option<&[String]>, registration_ids: Option<&[String]>) -> Result<Self, Invalid> {
        if device_tokens.is_none() && registration_ids.is_none() {
            return Err(Invalid::new("one of device_tokens and registration_ids", Problem::Missing));
        }
        let token = |text: &String| PushToken::parse_token("device_tokens", text);
        let id = |text: &String| NotificationRequest::registration_id("registration_ids", text);
        let tokens = all_parsed("device_tokens", device_tokens.unwrap_or_default(), token)?;
        let ids = all_parsed("registration_ids", registration_ids.unwrap_or_default(), id)?;
        Ok(Self { device_tokens: tokens, registration_ids: ids })
    }
}

fn all_parsed(
    what: &'static str,
    texts: &[String],
    parse: impl Fn(&String) -> Result<String, Invalid>,
) -> Result<Vec<String>, Invalid> {
    if texts.len() > DeadRegistrations::MAX {
        return Err(Invalid::new(what, Problem::TooMany { max: DeadRegistrations::MAX }));
    }
    let parsed: BTreeSet<String> = texts.iter().map(parse).collect::<Result<_, Invalid>>()?;
    Ok(parsed.into_iter().collect())
}

/// The items of a list that must have some.
fn some_of<T: Ord>(what: &'static str, items: Vec<T>, max: usize) -> Result<BTreeSet<T>, Invalid> {
    if items.is_empty() { Err(Invalid::new(what, Problem::Missing)) } else { at_most(what, items, max) }
}

fn at_most<T: Ord>(what: &'static str, items: Vec<T>, max: usize) -> Result<BTreeSet<T>, Invalid> {
    if items.len() > max { Err(Invalid::new(what, Problem::TooMany { max })) } else { Ok(items.into_iter().collect()) }
}
