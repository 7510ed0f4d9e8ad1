//! Introspection of tokens (RFC 7662).

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::CONTENT_TYPE, web::Data};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsServer,
    answer::{Answer, Object},
};
use crate::{
    domain::introspection::{self, ValidToken},
    gateway::Gateway,
    model::{Invalid, Problem},
    transport::{
        access::Extracted,
        body,
        error::{Error, Protocol},
        openapi::{Described, Description},
        path::{Path, oauth},
        query,
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![oauth("/oauth2/introspect").post(introspect, "Whether a token is valid, and whose it is (RFC 7662)")]
}

/// The form of a request.
#[derive(Deserialize, JsonSchema)]
struct TokenForm {
    /// A user's token, or an access token.
    token: Option<String>,
}

impl FromRequest for TokenForm {
    type Error = actix_web::Error;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let media_type = req.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let media_type = media_type.split(';').next().unwrap_or_default().trim();
            if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
                return Err(Error::from(Protocol::UnsupportedMediaType).into());
            }
            let read = body::read(&mut payload, req.headers()).await;
            let bytes = read.map_err(|unread| Error::from(unread.problem))?;
            let malformed = |problem: String| Error::from(Protocol::BadQuery(problem));
            let text = str::from_utf8(&bytes).map_err(|error| malformed(error.to_string()))?;
            Ok(query::read(text).map_err(malformed)?)
        })
    }
}

impl Described for TokenForm {
    fn describe(operation: &mut Description<'_>) {
        operation.form_body::<Self>();
    }
}

/// What is known about a token (RFC 7662 §2.2). An invalid one has `active` only.
#[derive(Default, Serialize, JsonSchema)]
struct TokenData {
    /// Whether it is valid now.
    active: bool,
    /// What it permits: `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    /// The app.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// The login name, if the account has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// Unix seconds. A session may end earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// The user id.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// Whom an access token is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    /// The issuer of an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// The id of an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// The id of the device: the client's, or a generated one.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
}

async fn introspect(
    gateway: Data<Gateway>,
    AsServer(operator, form): AsServer<TokenForm>,
) -> Answer<Object<TokenData>> {
    let token = form.token.filter(|token| !token.is_empty()).ok_or(Invalid::new("token", Problem::Missing))?;
    let found = introspection::introspect(&gateway, &operator, &token).await?;
    let data = |valid: ValidToken| {
        let iss = valid.signed_for.as_ref().map(|_| gateway.config.issuer());
        let (aud, jti) = valid.signed_for.unzip();
        TokenData {
            active: true,
            scope: Some(valid.scope),
            client_id: Some(operator.tenant_id().to_string()),
            username: valid.username,
            token_type: Some("Bearer"),
            exp: Some(valid.expires_at),
            iat: Some(valid.issued_at),
            sub: Some(valid.user.to_string()),
            aud,
            iss,
            jti,
            device: valid.device_key,
        }
    };
    Ok(Object(found.map(data).unwrap_or_default()))
}
