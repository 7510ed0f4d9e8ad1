//! Everything that is kept about the caller's account.

use actix_web::web::Data;
use serde_json::{Value, json};

use super::access::AsCaller;
use crate::{
    domain::accounts::{self, OwnAuditActor, OwnAuditRow, OwnData},
    gateway::Gateway,
    model::{CoinRecord, DeviceDetails, TinodeUid, UserId},
    transport::{
        path::{Path, json_native},
        pb,
        wire::{Reply, Wire},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![json_native("/v1/user/export").get(export, "Gives all that is kept about the caller's account, as JSON")]
}

async fn export(gateway: Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Reply<pb::ExportResponse> {
    let data = accounts::export_own(&gateway, &caller).await?;
    Ok(Wire(pb::ExportResponse { status: None, archive_json: archive(&data).to_string() }))
}

fn archive(data: &OwnData) -> Value {
    json!({
        "account": account(data),
        "personal": personal(data),
        "settings": settings(data),
        "push": push(data),
        "devices": data.devices.iter().map(device).collect::<Vec<_>>(),
        "notifications": data.notifications.iter().map(|(device, one)| json!({
            "device_id": device,
            "registration_id": one.registration_id,
            "is_open": one.is_open,
            "kind": one.kind,
            "created_at_ms": one.created_at_ms,
            "updated_at_ms": one.updated_at_ms,
        })).collect::<Vec<_>>(),
        "ignored_modules": data.ignored_modules.iter().map(|(device, one)| json!({
            "device_id": device, "modules": one.ignored, "updated_at_ms": one.updated_at_ms,
        })).collect::<Vec<_>>(),
        "remarks": data.remarks.iter().map(|(about, one)| json!({
            "about_user_id": about.get(), "name": one.name, "phone": one.phone, "others": one.others,
        })).collect::<Vec<_>>(),
        "coins": data.coins.iter().map(coin_record).collect::<Vec<_>>(),
        "invitations": {
            "invited_by": data.inviter.map(invitation),
            "invited": data.invited.iter().copied().map(invitation).collect::<Vec<_>>(),
        },
        "images": data.images.iter().map(|(name, at_ms)| json!({
            "name": name.as_str(), "uploaded_at_ms": at_ms,
        })).collect::<Vec<_>>(),
        "tinode_uid": data.tinode.as_ref().map(TinodeUid::as_str),
        "audit_log": data.audit.iter().map(audit_row).collect::<Vec<_>>(),
    })
}

/// The other side of an invitation.
fn invitation((user, at_ms): (UserId, i64)) -> Value {
    json!({"user_id": user.get(), "at_ms": at_ms})
}

fn audit_row(row: &OwnAuditRow) -> Value {
    let actor = match row.actor {
        OwnAuditActor::Account(user) => format!("user:{user}"),
        OwnAuditActor::Anonymous => "anonymous".to_owned(),
        OwnAuditActor::OtherUser => "user".to_owned(),
        OwnAuditActor::Operator => "operator".to_owned(),
    };
    json!({
        "at_ms": row.at_ms,
        "actor": actor,
        "for_user": row.for_user.map(UserId::get),
        "action": row.action,
        "target": row.target,
        "address": row.address,
        "result": row.result,
    })
}

fn account(data: &OwnData) -> Value {
    let user = &data.user;
    json!({
        "user_id": user.id.get(),
        "username": user.username,
        "nickname": user.nickname,
        "avatar": user.avatar_url,
        "mobile": user.mobile,
        "mobile_confirmed": data.is_mobile_confirmed,
        "email": user.email,
        "has_password": data.has_password,
        "description": user.description,
        "private_info": user.private_info,
        "public_info": user.public_info,
        "invitation_code": user.invitation_code(),
        "last_login_place": user.place,
        "coin_cents": user.coin_cents,
        "vip_expires_at_ms": user.vip_expires_at_ms,
        "registered_at_ms": user.registered_at_ms,
        "last_active_at_ms": user.activity.last_active_at_ms,
        "online_days": user.activity.online_days,
        "medals": data.medals.iter().map(|medal| medal.name.clone()).collect::<Vec<_>>(),
        "ban": data.ban.as_ref().map(|ban| json!({"reason": ban.reason, "ends_at_ms": ban.ends_at_ms})),
    })
}

fn personal(data: &OwnData) -> Value {
    let personal = &data.personal;
    json!({
        "introduction": personal.introduction,
        "gender": personal.gender,
        "birthday": personal.birthday_secs,
        "province": personal.province,
        "city": personal.city,
        "district": personal.district,
        "location_code": personal.location_code,
        "updated_at_ms": personal.updated_at_ms,
    })
}

fn settings(data: &OwnData) -> Value {
    let settings = &data.settings;
    json!({
        "auth_mode": settings.auth_mode,
        "auth_question": settings.auth_question,
        "auth_answer": settings.auth_answer,
        "auto_download": settings.auto_download,
        "group_confirm": settings.group_confirm,
        "no_push": settings.no_push,
        "no_push_detail": settings.no_push_detail,
        "no_push_start_hour": settings.no_push_start_hour,
        "no_push_end_hour": settings.no_push_end_hour,
        "no_sounds": settings.no_sounds,
        "push_nick_name": settings.push_nick_name,
        "push_token": settings.push_token,
        "silence_start_time": settings.silence_start_time,
        "silence_end_time": settings.silence_end_time,
        "vibratory": settings.vibratory,
    })
}

fn push(data: &OwnData) -> Value {
    let (alias, badge) = &data.push;
    json!({
        "alias": alias,
        "badge": badge.get(),
        "tags": data.tags,
        "tokens": data.push_tokens.iter().map(|(device, token)| json!({
            "device_sn": device.0, "device_token": token.device_token, "notifier_name": token.notifier_name,
        })).collect::<Vec<_>>(),
    })
}

fn device(device: &DeviceDetails) -> Value {
    json!({
        "device_sn": device.sn.0,
        "device_id": device.key,
        "platform": device.platform_name,
        "user_agent": device.user_agent,
        "last_login_at_ms": device.last_login_at_ms,
        "session": device.session.map(|session| json!({
            "created_at_ms": session.created_at_ms,
            "last_used_at_ms": session.last_used_at_ms,
            "expires_at_ms": session.expires_at_ms,
        })),
    })
}

fn coin_record(record: &CoinRecord) -> Value {
    json!({
        "id": record.id,
        "typ": record.typ,
        "before_cents": record.before.0,
        "change_cents": record.change.0,
        "after_cents": record.after.0,
        "reason": record.reason,
        "remark": record.remark,
        "created_at_ms": record.created_at_ms,
    })
}
