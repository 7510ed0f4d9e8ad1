//! The devices of an account.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsCaller,
    answer::{Answer, DONE, Data, ListAnswer, Part},
    params::{Json, Query, QueryOrBody, number, required, required_number},
};
use crate::{
    domain::{devices, sessions},
    gateway::Gateway,
    model::{DeviceSn, Invalid, Problem, PushToken},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/user/device/list").get(list, "Lists the devices of the account"),
        admin("/user/device/remove").delete_or_post(remove, "Deletes a device and ends its session"),
        admin("/user/kick").put_or_post(kick, "Ends the session on a device, or on all of them"),
        admin("/user/token/bind").put_or_post(bind_token, "Sets the push token of a device"),
        admin("/user/token/unbind").delete_or_post(unbind_token, "Deletes the push token of a device"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct ListQuery {
    cursor: Option<String>,
    page_size: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct DeviceData {
    user_id: i64,
    device_sn: i32,
    platform: i16,
    user_agent: String,
}

async fn list(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Query(query)): AsCaller<Query<ListQuery>>,
) -> ListAnswer<DeviceData> {
    const MAX_SIZE: i64 = 200;
    let size = number("page_size", query.page_size.as_deref())?.unwrap_or(MAX_SIZE);
    if !(1..=MAX_SIZE).contains(&size) {
        return Err(Invalid::new("page_size", Problem::OutOfRange { min: 1, max: MAX_SIZE }).into());
    }
    let cursor = query.cursor.filter(|cursor| !cursor.is_empty());
    let cursor = number("cursor", cursor.as_deref())?.map(|sn| DeviceSn::parse("cursor", sn)).transpose()?;
    let page = devices::list(&gateway, &caller, cursor, size).await?;
    let user_id = caller.user().get();
    let data = page.devices.into_iter().map(|device| DeviceData {
        user_id,
        device_sn: device.sn.0,
        platform: device.platform,
        user_agent: device.user_agent,
    });
    let cursor = page.next.map(|sn| sn.0.to_string());
    Ok(Part { data: data.collect::<Vec<_>>(), cursor, version: Some(page.version) })
}

#[derive(Deserialize, JsonSchema)]
struct DeviceQuery {
    device_sn: Option<String>,
}

impl DeviceQuery {
    fn required(&self) -> Result<DeviceSn, Invalid> {
        DeviceSn::parse("device_sn", required_number("device_sn", self.device_sn.as_deref())?)
    }
}

async fn remove(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<DeviceQuery>>,
) -> Answer<bool> {
    devices::remove(&gateway, &caller, query.required()?).await?;
    DONE
}

async fn kick(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<DeviceQuery>>,
) -> Answer<bool> {
    let sn = number("device_sn", query.device_sn.as_deref())?;
    let device = sn.map(|sn| DeviceSn::parse("device_sn", sn)).transpose()?;
    sessions::kick(&gateway, &caller, device).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
struct TokenBody {
    device_sn: Option<i64>,
    device_token: Option<String>,
    notifier_name: Option<String>,
}

async fn bind_token(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<TokenBody>>,
) -> Answer<bool> {
    let device = DeviceSn::parse("device_sn", required("device_sn", body.device_sn)?)?;
    let device_token = required("device_token", body.device_token)?;
    let token = PushToken::parse(&device_token, &required("notifier_name", body.notifier_name)?)?;
    devices::bind_push_token(&gateway, &caller, device, token).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
struct UnbindQuery {
    /// The document uses this spelling only here.
    #[serde(rename = "deviceSn")]
    device_sn: Option<String>,
}

/// The document has an object without fields here.
#[derive(Serialize, JsonSchema)]
struct Nothing {}

async fn unbind_token(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<UnbindQuery>>,
) -> Answer<Nothing> {
    let device = DeviceSn::parse("deviceSn", required_number("deviceSn", query.device_sn.as_deref())?)?;
    devices::unbind_push_token(&gateway, &caller, device).await?;
    Ok(Data(Nothing {}))
}
