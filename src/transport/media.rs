//! Serves uploaded images, and takes uploads in the form of Qiniu's clients and of the admin API's SDKs. Anyone may do
//! either: the names can't be guessed, and an upload needs a token (docs/media.md).

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::Payload,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::Data,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    codec::Encoding,
    context::Context,
    error::{Error, Protocol},
    openapi::{Described, Description},
    path::{Path, media},
    query, reply,
    upload::{Upload, base_url},
};
use crate::{
    domain::{self, avatars},
    gateway::Gateway,
    model::{MediaFormat, MediaName, UploadId},
};

/// An image never changes: its name is a hash of it.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Whoever opens an image as a page gets nothing that could run.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'");

pub(super) fn paths() -> Vec<Path> {
    const UPLOADS: &str = "Uploads an image with a token, in the form of Qiniu";
    vec![
        media("/v1/misc/qiniu-upload").post(upload, UPLOADS),
        media("/media").post(upload, UPLOADS),
        media("/media/{name}").get(serve, "Shows an uploaded image, or leads to it from the id of its upload"),
    ]
}

/// An image, what a client knows of it already, or where it is.
struct Image(HttpResponse);

impl Responder for Image {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

impl Described for Image {
    fn describe(operation: &mut Description<'_>) {
        operation.allow(&[]);
        operation.answers_image(&MediaFormat::ALL.map(MediaFormat::media_type));
    }
}

async fn serve(gateway: Data<Gateway>, req: HttpRequest, Name(name): Name) -> Result<Image, Error> {
    let Some(name) = MediaName::parse(&name) else { return redirect(&gateway, &req, &name).await };
    let tag = format!("\"{}\"", name.hash());
    let known = req.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|value| value.split(',')).any(|one| one.trim().trim_start_matches("W/") == tag);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::CACHE_CONTROL, FOR_EVER))
        .insert_header((header::ETAG, tag))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{}\"", name.as_str())));
    if is_known {
        return Ok(Image(response.finish()));
    }
    let bytes = avatars::find(&gateway, &name).await?.ok_or(Protocol::NotFound)?;
    Ok(Image(response.content_type(name.format().media_type()).body(bytes)))
}

/// Leads from the id of an upload, whose URL was known before its image, to the image.
async fn redirect(gateway: &Gateway, req: &HttpRequest, id: &str) -> Result<Image, Error> {
    let id = UploadId::parse(id).ok_or(Protocol::NotFound)?;
    let name = avatars::find_upload(gateway, id).await?.ok_or(Protocol::NotFound)?;
    let url = format!("{}{}{}", base_url(gateway, req), avatars::PATH, name.as_str());
    Ok(Image(HttpResponse::Found().insert_header((header::LOCATION, url)).finish()))
}

/// The last part of the path.
struct Name(String);

impl FromRequest for Name {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        // It is decoded: a path that is not UTF-8 names nothing.
        let name = req.match_info().query("name");
        ready(Ok(Self(name.to_owned())))
    }
}

impl Described for Name {
    fn describe(operation: &mut Description<'_>) {
        operation.path_parameter("name");
    }
}

#[derive(Deserialize, JsonSchema)]
struct TokenQuery {
    token: Option<String>,
}

/// The answer of Qiniu, without an envelope.
#[derive(Serialize, JsonSchema)]
struct Stored {
    /// The name under which the image is served.
    key: String,
    /// The hash in it.
    hash: String,
    /// The size of the stored image.
    fsize: usize,
    /// The URL of the image.
    url: String,
    /// With a token of `/file/upload/avatar/user` only.
    #[serde(flatten)]
    sdk: Option<Done>,
}

/// What SDKs of the admin API look at.
#[derive(Serialize, JsonSchema)]
struct Done {
    /// 200.
    code: i32,
    /// `true`.
    data: bool,
}

async fn upload(gateway: Data<Gateway>, req: HttpRequest, upload: Upload) -> Result<Stored, Error> {
    let query: TokenQuery = query::read(req.query_string()).map_err(Protocol::BadQuery)?;
    let token = upload.token.or(query.token).ok_or(domain::Error::UploadTokenRefused)?;
    let uploaded = avatars::upload(&gateway, token.trim(), upload.key.as_deref(), upload.file).await?;
    let (name, fsize) = (uploaded.name, uploaded.size);
    let url = format!("{}{}{}", base_url(&gateway, &req), avatars::PATH, name.as_str());
    let sdk = uploaded.is_single.then_some(Done { code: reply::ADMIN_SUCCESS, data: true });
    Ok(Stored { key: name.as_str().to_owned(), hash: name.hash().to_owned(), fsize, url, sdk })
}

impl Responder for Stored {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        Context::note_outcome(req, StatusCode::OK.as_u16().into(), Encoding::Json);
        match serde_json::to_vec(&self) {
            Ok(bytes) => reply::response(StatusCode::OK, Encoding::Json, bytes),
            Err(error) => HttpResponse::from_error(Error::from(domain::Error::internal(error))),
        }
    }
}

impl Described for Stored {
    fn describe(operation: &mut Description<'_>) {
        operation.allow(&[]);
        operation.query::<TokenQuery>();
        operation.answers_json::<Self>(200, "The image is stored.");
    }
}
