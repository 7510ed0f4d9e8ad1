//! Plain domain types and their validation.
//!
//! They depend on no other layer: no transport, no store, no clock. A value of one of these types is valid; input from
//! outside is validated by `parse`.

mod access_token;
mod address;
mod audit;
mod award;
mod change;
mod coin;
mod contact;
mod days;
mod device;
mod discovery;
mod ids;
mod image;
mod import;
mod invalid;
mod invitation;
mod language;
mod media;
mod names;
mod node;
mod notification;
mod page;
mod profile;
mod push;
mod push_target;
mod search;
mod secrets;
mod session;
mod settings;
mod signing_key;
mod tenant;
mod text;
mod tinode;
mod user;
mod webhook;

pub use access_token::{AccessTokenSettings, ClaimSubject};
pub use address::is_public;
pub use audit::{AuditAction, AuditActor, AuditEntry, AuditFilter};
pub use award::BanEnd;
pub use change::{Change, FeedEntry};
pub use coin::{Cents, CoinChange, CoinRecord};
pub use contact::{CodePurpose, Contact, EmailAddress, Mobile};
pub use days::Days;
pub use device::{Device, DeviceDetails, DeviceKey, DeviceSession, LoginDevice, Platform};
pub use discovery::{Ads, Bot, Category, DiscoveryId, DisplayInfo, Group, Keyword};
pub use ids::{AdminTokenId, DeviceSn, MedalId, SessionId, TenantId, UserId};
pub use image::{Avatar, AvatarBase, ImageUrl};
pub use import::{AccountRecord, ImportedPassword, PasswordHash};
pub use invalid::{Invalid, Problem};
pub use invitation::{InvitationCode, RewardChanges, Rewards};
pub use language::Language;
pub use media::{ClientKey, MediaFormat, MediaName, UploadId};
pub use names::{LoginName, Nickname, Username};
pub use node::{Node, SeenNode};
pub use notification::{ModuleIgnore, Notification, NotificationRequest};
pub use page::{Listing, Page, Position};
pub use profile::{
    Activity, Ban, BanReason, Info, InfoChanges, Medal, MedalDefinition, PersonalData, Place, PlacePart, PublicDetails,
    Remark, Remarks,
};
pub use push::{Alias, Badge, PushToken, Tag};
pub use push_target::{
    Audience, DeadRegistrations, PushAccount, PushTarget, PushTargetPage, Quiet, TagCondition, TargetDevice,
    TargetRegistration,
};
pub use search::{FoundUser, SearchPart, UserCursor, UserField, UserSearch};
pub use secrets::{Code, Password, Token, TokenHash};
pub use session::{EndReason, LoggedInDevice, Session, SessionDetails};
pub use settings::Settings;
pub use signing_key::{SigningKey, SigningKeyState, SigningKeys};
pub use tenant::{AdminToken, AdminTokenState, ClientConfig, Subscriptions, Tenant};
pub use tinode::TinodeUid;
pub use user::{AccountStatus, User, UserSummary, VipState};
pub use webhook::{
    BeforeEvent, Delivery, DeliveryId, DeliveryState, Events, NewWebhook, Webhook, WebhookId, WebhookUrl,
};
