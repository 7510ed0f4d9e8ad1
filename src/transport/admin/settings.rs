//! The settings of an account.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsCaller,
    answer::{Answer, DONE, Data},
    params::{Flag, Id, Json, QueryOrBody, required, required_number, required_switch},
};
use crate::{
    domain::{Caller, settings},
    gateway::Gateway,
    model::{Invalid, Settings, UserId},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/user/settings").get(own, "Shows the settings").put_or_post(edit, "Changes settings"),
        admin("/user/authmode").put_or_post(set_auth_mode, "Sets who may add the account as a friend"),
        admin("/user/download").put_or_post(set_auto_download, "Sets whether files are downloaded automatically"),
        admin("/user/push").put_or_post(set_no_push, "Sets whether pushes are off"),
        admin("/user/push/detail").put_or_post(set_no_push_detail, "Sets whether pushes hide their content"),
        admin("/user/push/limit").put_or_post(set_no_push_hours, "Sets the hours without pushes"),
        admin("/user/push/nickname").put_or_post(set_push_nick_name, "Sets the name that pushes show"),
        admin("/user/sounds").put_or_post(set_no_sounds, "Sets whether sounds are off"),
        admin("/user/vibratory").put_or_post(set_vibratory, "Sets whether pushes vibrate"),
    ]
}

/// The settings of an account (admin document 1.33); unset fields are omitted.
#[derive(Serialize, JsonSchema)]
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

async fn own(gateway: web::Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Answer<SettingsData> {
    let settings = settings::get(&gateway, &caller).await?;
    Ok(Data(SettingsData::new(caller.user(), settings)))
}

/// Absent fields stay unchanged; `id` is ignored.
#[derive(Clone, Deserialize, JsonSchema)]
struct SettingsBody {
    user_id: Option<Id>,
    auth_mode: Option<i64>,
    auth_question: Option<String>,
    auth_answer: Option<String>,
    auto_download: Option<Flag>,
    group_confirm: Option<Flag>,
    no_push: Option<Flag>,
    no_push_detail: Option<Flag>,
    no_push_start_hour: Option<i64>,
    no_push_end_hour: Option<i64>,
    no_sounds: Option<Flag>,
    push_nick_name: Option<String>,
    push_token: Option<String>,
    silence_start_time: Option<i64>,
    silence_end_time: Option<i64>,
    vibratory: Option<Flag>,
}

impl SettingsBody {
    fn apply(self, settings: &mut Settings) -> Result<(), Invalid> {
        self.auth_mode.map_or(Ok(()), |mode| settings.set_auth_mode("auth_mode", mode))?;
        self.auth_question.map_or(Ok(()), |text| settings.set_auth_question(&text))?;
        self.auth_answer.map_or(Ok(()), |text| settings.set_auth_answer(&text))?;
        self.no_push_start_hour.map_or(Ok(()), |hour| settings.set_no_push_start_hour(hour))?;
        self.no_push_end_hour.map_or(Ok(()), |hour| settings.set_no_push_end_hour(hour))?;
        self.push_nick_name.map_or(Ok(()), |text| settings.set_push_nick_name("push_nick_name", &text))?;
        self.push_token.map_or(Ok(()), |text| settings.set_push_token(&text))?;
        self.silence_start_time.map_or(Ok(()), |time| settings.set_silence_start_time(time))?;
        self.silence_end_time.map_or(Ok(()), |time| settings.set_silence_end_time(time))?;
        for (field, flag) in [
            (&mut settings.auto_download, self.auto_download),
            (&mut settings.group_confirm, self.group_confirm),
            (&mut settings.no_push, self.no_push),
            (&mut settings.no_push_detail, self.no_push_detail),
            (&mut settings.no_sounds, self.no_sounds),
            (&mut settings.vibratory, self.vibratory),
        ] {
            *field = flag.map_or(*field, Flag::get);
        }
        Ok(())
    }
}

async fn edit(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(mut body)): AsCaller<Json<SettingsBody>>,
) -> Answer<bool> {
    let user = required("user_id", body.user_id.take())?.user("user_id")?;
    caller.require_same(user)?;
    settings::edit(&gateway, &caller, move |settings| body.apply(settings)).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
struct ValueQuery {
    value: Option<String>,
}

async fn set_auth_mode(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<ValueQuery>>,
) -> Answer<bool> {
    let mode = required_number("value", query.value.as_deref())?;
    settings::edit(&gateway, &caller, move |settings| settings.set_auth_mode("value", mode)).await?;
    DONE
}

/// Turns the setting that `set` assigns on or off.
async fn switch(gateway: &Gateway, caller: &Caller, query: &ValueQuery, set: fn(&mut Settings, bool)) -> Answer<bool> {
    let is_on = required_switch("value", query.value.as_deref())?;
    let edit = move |settings: &mut Settings| {
        set(settings, is_on);
        Ok(())
    };
    settings::edit(gateway, caller, edit).await?;
    DONE
}

async fn set_auto_download(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<ValueQuery>>,
) -> Answer<bool> {
    switch(&gateway, &caller, &query, |settings, is_on| settings.auto_download = is_on).await
}

async fn set_no_push(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<ValueQuery>>,
) -> Answer<bool> {
    switch(&gateway, &caller, &query, |settings, is_on| settings.no_push = is_on).await
}

async fn set_no_push_detail(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<ValueQuery>>,
) -> Answer<bool> {
    switch(&gateway, &caller, &query, |settings, is_on| settings.no_push_detail = is_on).await
}

async fn set_no_sounds(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<ValueQuery>>,
) -> Answer<bool> {
    switch(&gateway, &caller, &query, |settings, is_on| settings.no_sounds = is_on).await
}

async fn set_vibratory(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<ValueQuery>>,
) -> Answer<bool> {
    switch(&gateway, &caller, &query, |settings, is_on| settings.vibratory = is_on).await
}

#[derive(Deserialize, JsonSchema)]
struct HoursQuery {
    no_push_start_hour: Option<String>,
    no_push_end_hour: Option<String>,
}

async fn set_no_push_hours(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<HoursQuery>>,
) -> Answer<bool> {
    let start = required_number("no_push_start_hour", query.no_push_start_hour.as_deref())?;
    let end = required_number("no_push_end_hour", query.no_push_end_hour.as_deref())?;
    let edit = move |settings: &mut Settings| {
        settings.set_no_push_start_hour(start)?;
        settings.set_no_push_end_hour(end)
    };
    settings::edit(&gateway, &caller, edit).await?;
    DONE
}

async fn set_push_nick_name(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<ValueQuery>>,
) -> Answer<bool> {
    let name = required("value", query.value)?;
    settings::edit(&gateway, &caller, move |settings| settings.set_push_nick_name("value", &name)).await?;
    DONE
}
