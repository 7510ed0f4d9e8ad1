//! Profiles of accounts, as their owners and others see them, and changes by their owners.

use actix_web::{HttpRequest, web::Data};

use super::{
    access::{AsAnonymous, AsCaller, AsOptionalCaller},
    values,
};
use crate::{
    domain::{
        Error, avatars,
        profile::{self, OwnProfile, PublicProfile},
    },
    gateway::Gateway,
    model::{Ban, Invalid, Medal, Nickname, PersonalData, PlacePart, PublicDetails, Remark, UserId, VipState},
    transport::{
        path::{Path, json_native, protobuf_native},
        pb,
        upload::base_url,
        wire::{Reply, Wire},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        protobuf_native("/v1/user/info").get(info, "Shows the caller's own account"),
        protobuf_native("/v1/user/get-user").post(get_user, "Shows the public profile of an account"),
        json_native("/v1/user/homepage")
            .get(homepage, "Shows the public profile of an account; an empty one if it does not exist"),
        protobuf_native("/v1/user/medal").post(medal, "Lists the caller's medals"),
        protobuf_native("/v1/user/edit-nickname").post(edit_nickname, "Changes the caller's display name"),
        protobuf_native("/v1/user/edit-avatar").post(edit_avatar, "Changes the caller's avatar"),
        json_native("/v1/user/save-user-data").post(save_user_data, "Stores the caller's personal data"),
        json_native("/v1/user/get-user-data").post(get_user_data, "Shows the caller's personal data"),
        json_native("/v1/user/save-user-remarks")
            .post(save_user_remarks, "Stores the caller's remark about another user"),
    ]
}

async fn info(gateway: Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Reply<pb::InfoResponse> {
    let profile = profile::get_own(&gateway, &caller).await?;
    Ok(Wire(pb::InfoResponse { status: None, data: Some(own_user(&profile)) }))
}

async fn get_user(
    gateway: Data<Gateway>,
    AsOptionalCaller((anonymous, viewer), Wire(req)): AsOptionalCaller<Wire<pb::GetUserRequest>>,
) -> Reply<pb::GetUserResponse> {
    let id = UserId::parse("id", &req.id)?;
    let profile = profile::get_public(&gateway, &anonymous, viewer.as_ref(), id).await?;
    Ok(Wire(pb::GetUserResponse { status: None, data: Some(public_user(&gateway, profile)) }))
}

async fn homepage(
    gateway: Data<Gateway>,
    AsAnonymous(anonymous, Wire(req)): AsAnonymous<Wire<pb::GetUserRequest>>,
) -> Reply<pb::GetUserResponse> {
    match profile::get_public(&gateway, &anonymous, None, UserId::parse("userId", &req.id)?).await {
        Ok(profile) => Ok(Wire(pb::GetUserResponse { status: None, data: Some(public_user(&gateway, profile)) })),
        // The page of an unknown user is a success (behaviour.md §4).
        Err(Error::UserNotFound) => Ok(Wire(pb::GetUserResponse { status: None, data: Some(pb::User::default()) })),
        Err(error) => Err(error.into()),
    }
}

async fn medal(gateway: Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Reply<pb::MedalResponse> {
    let medals = profile::list_medals(&gateway, &caller).await?;
    Ok(Wire(pb::MedalResponse { status: None, medal: medals.into_iter().map(pb::Medal::from).collect() }))
}

async fn edit_nickname(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::EditNicknameRequest>>,
) -> Reply<pb::StatusResponse> {
    profile::rename(&gateway, &caller, Nickname::parse("nickname", &req.name)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

async fn edit_avatar(
    gateway: Data<Gateway>,
    http: HttpRequest,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::EditAvatarRequest>>,
) -> Reply<pb::StatusResponse> {
    let avatar = avatars::parse(&gateway, &caller, "avatarUrl", &req.url, &base_url(&gateway, &http)).await?;
    profile::set_avatar(&gateway, &caller, avatar).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

async fn save_user_data(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::SaveUserDataRequest>>,
) -> Reply<pb::StatusResponse> {
    let edit = move |data: &mut PersonalData| -> Result<(), Invalid> {
        req.introduction.map_or(Ok(()), |text| data.set_introduction(&text))?;
        req.gender.map_or(Ok(()), |gender| data.set_gender(gender))?;
        req.birthday.map_or(Ok(()), |unix_secs| data.set_birthday(unix_secs))?;
        req.province.map_or(Ok(()), |text| data.set_place(PlacePart::Province, "province", &text))?;
        req.city.map_or(Ok(()), |text| data.set_place(PlacePart::City, "city", &text))?;
        req.district.map_or(Ok(()), |text| data.set_place(PlacePart::District, "district", &text))?;
        req.location_code.map_or(Ok(()), |text| data.set_place(PlacePart::LocationCode, "locationCode", &text))
    };
    profile::edit_personal_data(&gateway, &caller, edit).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

async fn get_user_data(gateway: Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Reply<pb::GetUserDataResponse> {
    let (data, last_login_at_ms) = profile::get_personal_data(&gateway, &caller).await?;
    let data = pb::UserData {
        id: caller.user().get().unsigned_abs(),
        user_id: caller.user().to_string(),
        last_login_time: last_login_at_ms.unwrap_or_default() / 1000,
        update_time: data.updated_at_ms / 1000,
        introduction: data.introduction,
        gender: i32::from(data.gender),
        birthday: data.birthday_secs,
        province: data.province,
        city: data.city,
        district: data.district,
        location_code: data.location_code,
    };
    Ok(Wire(pb::GetUserDataResponse { status: None, data: Some(data) }))
}

async fn save_user_remarks(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::SaveUserRemarksRequest>>,
) -> Reply<pb::StatusResponse> {
    let friend = UserId::parse("friendId", &req.friend_id)?;
    profile::save_remark(&gateway, &caller, friend, Remark::parse(&req.name, &req.phone, &req.others)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

fn own_user(OwnProfile { user, vip }: &OwnProfile) -> pb::OwnUser {
    pb::OwnUser {
        id: user.id.to_string(),
        name_id: user.name_id,
        avatar_id: user.avatar_id.unsigned_abs(),
        coin: values::coins(user.coin_cents),
        is_vip: is_vip(*vip),
        vip_expired_time: values::unix_secs(user.vip_expires_at_ms),
        vip_status: vip.code().into(),
        invitation_code: user.invitation_code(),
        name: user.nickname.clone(),
        avatar_url: user.avatar_url.clone(),
        phone: user.mobile.clone().unwrap_or_default(),
        email: user.email.clone().unwrap_or_default(),
    }
}

fn public_user(gateway: &Gateway, profile: PublicProfile) -> pb::User {
    let zone = &gateway.config.timezone;
    let PublicDetails { personal, medals, .. } = &*profile.details;
    let ban = profile.ban.unwrap_or(Ban { id: 0, reason: String::new(), ends_at_ms: 0 });
    pb::User {
        id: profile.id.to_string(),
        name: profile.nickname,
        name_id: u64::from(profile.name_id.unsigned_abs()),
        avatar_url: profile.avatar_url,
        avatar_id: profile.avatar_id.unsigned_abs(),
        medal: medals.iter().cloned().map(pb::Medal::from).collect(),
        register_time: values::local_time(zone, profile.registered_at_ms),
        register_time_secs: values::unix_secs(profile.registered_at_ms),
        ban_id: ban.id.unsigned_abs(),
        ban_time: values::unix_secs(ban.ends_at_ms),
        ban_reason: ban.reason,
        online_day: u64::from(profile.online_days.unsigned_abs()),
        continuous_online_day: u64::from(profile.continuous_days.unsigned_abs()),
        is_vip: is_vip(profile.vip),
        vip_expired_time: values::unix_secs(profile.vip_expires_at_ms),
        vip_status: profile.vip.code().into(),
        remark_info: Some(pb::RemarkInfo {
            remark_name: profile.remark.name,
            phone_number: profile.remark.phone,
            extra_remark: profile.remark.others,
        }),
        profile_info: Some(pb::ProfileInfo {
            last_active_time: match profile.last_active_at_ms {
                0 => String::new(),
                at_ms => values::local_time(zone, at_ms),
            },
            introduction: personal.introduction.clone(),
            gender: i32::from(personal.gender),
            birthday_timestamp: u64::try_from(personal.birthday_secs).unwrap_or_default(),
            address: [&personal.province, &personal.city, &personal.district].map(String::as_str).concat(),
            city: personal.city.clone(),
            district: personal.district.clone(),
        }),
        ip_geo: profile.place,
        ..Default::default()
    }
}

impl From<Medal> for pb::Medal {
    fn from(medal: Medal) -> Self {
        Self {
            id: medal.id.0.unsigned_abs(),
            name: medal.name,
            desc: medal.description,
            image_url: medal.image_url,
            sort: u64::from(medal.sort.unsigned_abs()),
        }
    }
}

const fn is_vip(state: VipState) -> i32 {
    match state {
        VipState::Active => 1,
        VipState::None | VipState::Expired => 0,
    }
}
