//! The data of answers that the command line prints too, so that a script reads the same fields from both.

pub(crate) use super::{
    account_details::{AccountData, DeviceDetailsData},
    accounts::{FoundData, ListedUser},
    audit::EntryData,
    awards::MedalData,
    coins::{LedgerRecordData, RecordData},
    config::SettingData,
    discovery::{AdsData, BotData, CategoryData, CreatedData, GroupData},
    overview::OverviewData,
    tenants::{AdminTokenData, AppData, CreatedToken, SecretData},
    webhooks::{CreatedWebhook, DeliveryData, ResentData, TestData, WebhookData, WebhookSecret},
};
