//! Settings as the admin document shows them.

use serde::Serialize;

use crate::model::{Settings, UserId};

/// The settings of an account (admin document 1.33); what is unset is left out.
#[derive(Serialize)]
pub(super) struct SettingsData {
    user_id: i64,
    auth_mode: i16,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_question: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_answer: Option<String>,
    auto_download: bool,
    group_confirm: bool,
    no_push: bool,
    no_push_detail: bool,
    no_push_start_hour: i16,
    no_push_end_hour: i16,
    no_sounds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    push_nick_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    push_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silence_start_time: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silence_end_time: Option<i32>,
    vibratory: bool,
}

impl SettingsData {
    pub(super) fn new(user: UserId, settings: Settings) -> Self {
        Self {
            user_id: user.get(),
            auth_mode: settings.auth_mode,
            auth_question: settings.auth_question,
            auth_answer: settings.auth_answer,
            auto_download: settings.auto_download,
            group_confirm: settings.group_confirm,
            no_push: settings.no_push,
            no_push_detail: settings.no_push_detail,
            no_push_start_hour: settings.no_push_start_hour,
            no_push_end_hour: settings.no_push_end_hour,
            no_sounds: settings.no_sounds,
            push_nick_name: settings.push_nick_name,
            push_token: settings.push_token,
            silence_start_time: settings.silence_start_time,
            silence_end_time: settings.silence_end_time,
            vibratory: settings.vibratory,
        }
    }
}
