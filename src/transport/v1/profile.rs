//! What accounts show of themselves, and what their owners change of it.

use actix_web::web::{Data, ServiceConfig, get, post};

use crate::{
    app::App,
    domain::profile::{self, OwnProfile, PublicProfile},
    model::{Nickname, UserId, VipState},
    transport::{
        pb,
        wire::{Reply, Wire, protobuf_native},
    },
};

use super::{
    access::{Guest, SignedIn},
    values,
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(protobuf_native("/v1/user/info").route(get().to(info)))
        .service(protobuf_native("/v1/user/get-user").route(post().to(get_user)))
        .service(protobuf_native("/v1/user/edit-nickname").route(post().to(edit_nickname)));
}

async fn info(app: Data<App>, SignedIn(caller, ()): SignedIn) -> Reply<pb::InfoResponse> {
    let profile = profile::get_own(&app, &caller).await?;
    Ok(Wire(pb::InfoResponse { status: None, data: Some(own_user(profile)) }))
}

async fn get_user(
    app: Data<App>,
    Guest(visitor, Wire(req)): Guest<Wire<pb::GetUserRequest>>,
) -> Reply<pb::GetUserResponse> {
    let profile = profile::get_public(&app, &visitor, UserId::parse("id", &req.id)?).await?;
    Ok(Wire(pb::GetUserResponse { status: None, data: Some(public_user(&app, profile)) }))
}

async fn edit_nickname(
    app: Data<App>,
    SignedIn(caller, Wire(req)): SignedIn<Wire<pb::EditNicknameRequest>>,
) -> Reply<pb::StatusResponse> {
    profile::rename(&app, &caller, Nickname::parse(&req.name)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

fn own_user(OwnProfile { user, vip }: OwnProfile) -> pb::OwnUser {
    pb::OwnUser {
        id: user.id.to_string(),
        name_id: user.name_id,
        avatar_id: user.avatar_id.unsigned_abs(),
        coin: values::coins(user.coin_cents),
        is_vip: is_vip(vip),
        vip_expired_time: values::unix_secs(user.vip_expires_at_ms),
        vip_status: vip_status(vip),
        invitation_code: user.invitation_code(),
        name: user.nickname,
        avatar_url: user.avatar_url,
        phone: user.mobile.unwrap_or_default(),
        email: user.email.unwrap_or_default(),
    }
}

fn public_user(app: &App, profile: PublicProfile) -> pb::User {
    pb::User {
        id: profile.id.to_string(),
        name: profile.nickname,
        name_id: u64::from(profile.name_id.unsigned_abs()),
        avatar_url: profile.avatar_url,
        avatar_id: profile.avatar_id.unsigned_abs(),
        register_time: values::local_time(&app.config.timezone, profile.registered_at_ms),
        register_time_secs: values::unix_secs(profile.registered_at_ms),
        is_vip: is_vip(profile.vip),
        vip_expired_time: values::unix_secs(profile.vip_expires_at_ms),
        vip_status: vip_status(profile.vip),
        remark_info: Some(pb::RemarkInfo::default()),
        profile_info: Some(pb::ProfileInfo::default()),
        ..Default::default()
    }
}

const fn is_vip(state: VipState) -> i32 {
    match state {
        VipState::Active => 1,
        VipState::None | VipState::Expired => 0,
    }
}

const fn vip_status(state: VipState) -> i32 {
    match state {
        VipState::None => 0,
        VipState::Active => 1,
        VipState::Expired => 2,
    }
}
