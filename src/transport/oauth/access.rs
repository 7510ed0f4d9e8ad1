//! The extractor of the OAuth paths and of the adapters for other servers. It authenticates a server by an admin token: as Bearer (RFC 6750 §2.1), of the app
//! in `app_id` or of the one that has the token; or as Basic, with the app as the user name (RFC 6749 §2.3.1).

use actix_web::{HttpRequest, http::header};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    domain::{
        self, Operator,
        access::{PresentedToken, authenticate},
    },
    model::{TenantId, Token},
    transport::{
        access::{extracts, gateway, note, origin, single},
        error::{Error, Protocol},
        headers,
    },
};

/// A server that holds an admin token, and then `T`.
pub struct AsServer<T = ()>(pub Operator, pub T);

extracts!(AsServer by server, with ["bearer"] or ["basic"]);

async fn server(req: &HttpRequest) -> Result<Operator, Error> {
    let credentials = single(req.headers(), &header::AUTHORIZATION)?.ok_or(Protocol::TokenMissing)?;
    let (scheme, value) = credentials.split_once(' ').unwrap_or((credentials, ""));
    let (app, token) = if scheme.eq_ignore_ascii_case("bearer") {
        (single(req.headers(), &headers::APP_ID)?.map(str::to_owned), value.trim().to_owned())
    } else if scheme.eq_ignore_ascii_case("basic") {
        let (app, token) = basic(value).ok_or(domain::Error::TokenUnknown)?;
        (Some(app), token)
    } else {
        return Err(Protocol::TokenMissing.into());
    };
    let operator = authenticate_as(req, app.as_deref(), Token::parse(&token)).await?;
    note(req, operator.tenant_id(), None);
    Ok(operator)
}

/// Whatever is wrong with an app or a token, the server is not authenticated.
async fn authenticate_as(req: &HttpRequest, app: Option<&str>, token: Option<Token>) -> Result<Operator, Error> {
    let (gateway, origin) = (gateway(req)?, origin(req)?);
    let found = match app {
        None => authenticate::operator_of_any_tenant(gateway, token, origin).await,
        Some(app) => match TenantId::parse(app) {
            Ok(tenant_id) => authenticate::operator(gateway, PresentedToken { tenant_id, origin, token }).await,
            Err(_) => Err(domain::Error::TokenUnknown),
        },
    };
    match found {
        Err(domain::Error::TenantUnknown | domain::Error::NoPermission) => Err(domain::Error::TokenUnknown.into()),
        found => Ok(found?),
    }
}

/// The user name and the password of Basic credentials (RFC 7617 §2).
fn basic(value: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(value.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}
