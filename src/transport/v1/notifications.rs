//! The settings of a device: notifications, and the modules that its user ignores.

use actix_web::web::Data;

use super::{access::AsCaller, values};
use crate::{
    domain::notifications,
    gateway::Gateway,
    model::{DeviceKey, ModuleIgnore, NotificationRequest},
    transport::{
        path::{Path, json_native},
        pb,
        wire::{Reply, Wire},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        json_native("/v1/user/notification-status")
            .post(notification_status, "Registers a device for notifications, or ends its registration"),
        json_native("/v1/user/notification-info")
            .post(notification_info, "Shows whether a device is registered for notifications"),
        json_native("/v1/user/module-ignore-info")
            .post(module_ignore_info, "Shows the modules that the caller ignores on a device"),
        json_native("/v1/user/module-ignore")
            .post(module_ignore, "Sets the modules that the caller ignores on a device; for VIP users"),
    ]
}

async fn notification_status(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::NotificationStatusRequest>>,
) -> Reply<pb::NotificationStatusResponse> {
    let device = DeviceKey::required("deviceId", &req.device_id)?;
    let known = notifications::get(&gateway, &caller, device).await?;
    let notification = pb::Notification {
        id: known.id,
        user_id: caller.user().to_string(),
        device_id: req.device_id,
        registration_id: known.registration_id,
        is_open: i32::from(known.is_open),
        r#type: known.kind,
        del_flag: 0,
        create_time: known.created_at_ms / 1000,
        update_time: known.updated_at_ms / 1000,
    };
    Ok(Wire(pb::NotificationStatusResponse { status: None, notification: Some(notification) }))
}

async fn notification_info(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::NotificationInfoRequest>>,
) -> Reply<pb::StatusResponse> {
    let registration_id = NotificationRequest::registration_id("registrationId", &req.registration_id)?;
    let device = DeviceKey::required("deviceId", &req.device_id)?;
    let is_open = values::switch("isOpen", req.is_open)?;
    let new = NotificationRequest { device, registration_id, is_open, kind: req.r#type };
    notifications::register(&gateway, &caller, new).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

async fn module_ignore_info(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::ModuleIgnoreInfoRequest>>,
) -> Reply<pb::ModuleIgnoreInfoResponse> {
    let known =
        notifications::get_ignored_modules(&gateway, &caller, DeviceKey::required("deviceId", &req.device_id)).await?;
    let ignore = pb::ModuleIgnore {
        id: known.id,
        user_id: caller.user().to_string(),
        update_time: known.updated_at_ms / 1000,
        device_id: req.device_id,
        ignore: known.ignored,
    };
    Ok(Wire(pb::ModuleIgnoreInfoResponse { status: None, ignore: Some(ignore) }))
}

async fn module_ignore(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::ModuleIgnoreRequest>>,
) -> Reply<pb::StatusResponse> {
    let device = DeviceKey::required("deviceId", &req.device_id)?;
    notifications::set_ignored_modules(&gateway, &caller, device, ModuleIgnore::parse(&req.ignore)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}
