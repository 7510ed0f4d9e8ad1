//! The account as its owner and as others see it.

use actix_web::web::{Data, ServiceConfig, get, post};

use crate::{
    app::App,
    domain::profile,
    model::{Nickname, User, UserId, VipState},
    transport::{
        access::{Anyone, SignedIn},
        pb,
        wire::{Reply, Wire, protobuf_native},
    },
};

use super::values;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(protobuf_native("/v1/user/info").route(get().to(info)))
        .service(protobuf_native("/v1/user/get-user").route(post().to(get_user)))
        .service(protobuf_native("/v1/user/edit-nickname").route(post().to(edit_nickname)));
}

async fn info(app: Data<App>, SignedIn(caller, ()): SignedIn) -> Reply<pb::InfoResponse> {
    let user = profile::own(&app, &caller).await?;
    Ok(Wire(pb::InfoResponse { status: None, data: Some(own_user(&app, user)) }))
}

async fn get_user(
    app: Data<App>,
    Anyone(visitor, Wire(req)): Anyone<Wire<pb::GetUserRequest>>,
) -> Reply<pb::GetUserResponse> {
    let user = profile::of(&app, &visitor, UserId::parse("id", &req.id)?).await?;
    Ok(Wire(pb::GetUserResponse { status: None, data: Some(public_user(&app, user)) }))
}

async fn edit_nickname(
    app: Data<App>,
    SignedIn(caller, Wire(req)): SignedIn<Wire<pb::EditNicknameRequest>>,
) -> Reply<pb::StatusResponse> {
    profile::rename(&app, &caller, Nickname::parse(&req.name)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

fn own_user(app: &App, user: User) -> pb::OwnUser {
    let vip = user.vip_state(app.clock.now_ms());
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

fn public_user(app: &App, user: User) -> pb::User {
    let vip = user.vip_state(app.clock.now_ms());
    pb::User {
        id: user.id.to_string(),
        name: user.nickname,
        name_id: u64::from(user.name_id.unsigned_abs()),
        avatar_url: user.avatar_url,
        avatar_id: user.avatar_id.unsigned_abs(),
        register_time: values::local_time(&app.config.timezone, user.registered_at_ms),
        register_time_secs: values::unix_secs(user.registered_at_ms),
        is_vip: is_vip(vip),
        vip_expired_time: values::unix_secs(user.vip_expires_at_ms),
        vip_status: vip_status(vip),
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
