//! Where the SDKs of the admin API upload images to.

use actix_web::{HttpRequest, web};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    access::AsCaller,
    answer::{Answer, Data},
};
use crate::{
    domain::{self, avatars},
    gateway::Gateway,
    transport::{
        path::{Path, admin},
        upload::base_url,
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![admin("/file/upload/avatar/user").get(address, "Shows where an avatar can be uploaded, once and for an hour")]
}

/// Where to send a form with the file, and the URL that the image will have.
#[derive(Serialize, JsonSchema)]
struct UploadData {
    /// Where to send it.
    upload_url: String,
    /// The URL of the image, for `POST /user/avatar`.
    download_url: String,
    /// The HTTP method.
    upload_method: &'static str,
    /// The other fields of the form.
    oss_body_param: Map<String, Value>,
}

async fn address(gateway: web::Data<Gateway>, req: HttpRequest, AsCaller(caller, ()): AsCaller) -> Answer<UploadData> {
    let token = avatars::token(&gateway, &caller, true)?;
    let id = token.id.ok_or_else(|| domain::Error::internal("a token without an id"))?;
    let base = base_url(&gateway, &req);
    let token = serde_urlencoded::to_string([("token", token.text)])
        .map_err(|error| domain::Error::internal(error.to_string()))?;
    Ok(Data(UploadData {
        upload_url: format!("{base}/media?{token}"),
        download_url: format!("{base}{}{}", avatars::PATH, id.as_str()),
        upload_method: "POST",
        oss_body_param: Map::new(),
    }))
}
