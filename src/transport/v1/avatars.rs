//! Uploads of avatars, and the tokens for uploads in the form of Qiniu.

use actix_web::{HttpRequest, web::Data};

use super::access::AsCaller;
use crate::{
    domain::avatars,
    gateway::Gateway,
    transport::{
        path::{Path, json_native},
        pb,
        upload::{Upload, base_url},
        wire::{Reply, Wire},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        json_native("/v1/user/avatar").with_files().post(upload, "Uploads an image and makes it the caller's avatar"),
        json_native("/v1/misc/qiniu-token").get(token, "Issues a token with which images can be uploaded for an hour"),
        json_native("/v1/misc/qiniu-token2").get(token, "Issues a token with which images can be uploaded for an hour"),
    ]
}

async fn upload(
    gateway: Data<Gateway>,
    req: HttpRequest,
    AsCaller(caller, upload): AsCaller<Upload>,
) -> Reply<pb::UploadAvatarResponse> {
    let (name, avatar_url) = avatars::set(&gateway, &caller, upload.file, &base_url(&gateway, &req)).await?;
    Ok(Wire(pb::UploadAvatarResponse { status: None, avatar_url, key: name.as_str().to_owned() }))
}

async fn token(gateway: Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Reply<pb::QiniuTokenResponse> {
    let token = avatars::token(&gateway, &caller, false)?.text;
    Ok(Wire(pb::QiniuTokenResponse { status: None, token }))
}
