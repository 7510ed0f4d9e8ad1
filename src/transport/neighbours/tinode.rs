//! Tinode's protocol of REST authentication (docs/integrations.md). The secret of a login is a token. Tinode makes the
//! account of a user at the first login, and then says which it is.

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        Error as DomainError, Operator,
        neighbours::{self, TinodeLogin},
    },
    gateway::Gateway,
    model::TinodeUid,
    transport::{
        access::Extracted,
        body,
        error::Error,
        oauth::{Answer, AsServer, Object},
        openapi::{Described, Description},
        path::{Path, tinode},
    },
};

pub(super) fn paths() -> Vec<Path> {
    let about = "Unsupported: accounts are not made or changed here";
    vec![
        tinode("/adapters/tinode/auth").post(auth, "Whose token the secret is"),
        tinode("/adapters/tinode/link").post(link, "Notes which account Tinode has made for the user of a token"),
        tinode("/adapters/tinode/rtagns").post(restricted_tags, "The namespaces of tags that are reserved: none"),
        tinode("/adapters/tinode/add").post(refuse, about),
        tinode("/adapters/tinode/checkunique").post(refuse, about),
        tinode("/adapters/tinode/del").post(refuse, about),
        tinode("/adapters/tinode/gen").post(refuse, about),
        tinode("/adapters/tinode/upd").post(refuse, about),
    ]
}

/// The errors of the protocol that are answered here. Those of `reply.rs` have an HTTP status in addition.
const MALFORMED: &str = "malformed";
const FAILED: &str = "failed";
const UNSUPPORTED: &str = "unsupported";

/// What Tinode sends.
#[derive(Deserialize, JsonSchema)]
struct TinodeRequest {
    /// In base64: a token, or the number or login name of an account, a colon and a token.
    secret: Option<String>,
    /// Which account Tinode has made.
    rec: Option<TinodeAccount>,
}

/// An account on the Tinode server.
#[derive(Deserialize, JsonSchema)]
struct TinodeAccount {
    /// Its id there.
    uid: Option<String>,
}

/// A request, if it can be read.
struct Sent(Option<TinodeRequest>);

impl FromRequest for Sent {
    type Error = actix_web::Error;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let read = body::read(&mut payload, req.headers()).await;
            let bytes = read.map_err(|unread| Error::from(unread.problem))?;
            Ok(Self(serde_json::from_slice(&bytes).ok()))
        })
    }
}

impl Described for Sent {
    fn describe(operation: &mut Description<'_>) {
        operation.json_body::<TinodeRequest>();
    }
}

/// What Tinode is told.
#[derive(Default, Serialize, JsonSchema)]
struct TinodeAnswer {
    /// Why the request is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    err: Option<&'static str>,
    /// The user who logs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    rec: Option<TinodeRecord>,
    /// What Tinode is to make an account of.
    #[serde(skip_serializing_if = "Option::is_none")]
    newacc: Option<NewTinodeAccount>,
    /// The reserved namespaces of tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    strarr: Option<Vec<String>>,
}

/// The user who logs in.
#[derive(Serialize, JsonSchema)]
struct TinodeRecord {
    /// Tinode's id of the account; absent at the first login.
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    /// `auth`: an authenticated user.
    authlvl: &'static str,
    /// How long the token is valid still.
    lifetime: String,
    /// `ok`.
    state: &'static str,
}

/// What Tinode is to make an account of.
#[derive(Serialize, JsonSchema)]
struct NewTinodeAccount {
    /// What authenticated users may do with it.
    auth: &'static str,
    /// What others may do with it: nothing.
    anon: &'static str,
    /// What everyone sees of it.
    public: PublicTinodeData,
}

/// What everyone sees of an account.
#[derive(Serialize, JsonSchema)]
struct PublicTinodeData {
    /// The display name.
    r#fn: String,
}

impl TinodeAnswer {
    fn refusal(err: &'static str) -> Self {
        Self { err: Some(err), ..Self::default() }
    }

    fn login(login: TinodeLogin) -> Self {
        let newacc = login.uid.is_none().then_some(NewTinodeAccount {
            auth: "JRWPS",
            anon: "N",
            public: PublicTinodeData { r#fn: login.nickname },
        });
        let rec = TinodeRecord {
            uid: login.uid.map(|uid| uid.as_str().to_owned()),
            authlvl: "auth",
            lifetime: format!("{}s", login.lifetime_secs),
            state: "ok",
        };
        Self { rec: Some(rec), newacc, ..Self::default() }
    }
}

/// The user whose token the secret is, or why there is none.
async fn user_of(
    gateway: &Gateway,
    operator: &Operator,
    request: Option<&TinodeRequest>,
) -> Result<Result<TinodeLogin, &'static str>, DomainError> {
    let secret = request.and_then(|request| BASE64_STANDARD.decode(request.secret.as_deref()?).ok());
    let Some(secret) = secret.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|secret| !secret.is_empty())
    else {
        return Ok(Err(MALFORMED));
    };
    let (login, token) = match secret.split_once(':') {
        Some((login, token)) => (Some(login), token),
        None => (None, secret.as_str()),
    };
    Ok(neighbours::tinode_login(gateway, operator, login, token).await?.ok_or(FAILED))
}

async fn auth(
    gateway: Data<Gateway>,
    AsServer(operator, Sent(request)): AsServer<Sent>,
) -> Answer<Object<TinodeAnswer>> {
    let found = user_of(&gateway, &operator, request.as_ref()).await?;
    Ok(Object(found.map_or_else(TinodeAnswer::refusal, TinodeAnswer::login)))
}

async fn link(
    gateway: Data<Gateway>,
    AsServer(operator, Sent(request)): AsServer<Sent>,
) -> Answer<Object<TinodeAnswer>> {
    let login = match user_of(&gateway, &operator, request.as_ref()).await? {
        Ok(login) => login,
        Err(refusal) => return Ok(Object(TinodeAnswer::refusal(refusal))),
    };
    let uid = request.and_then(|request| TinodeUid::parse(request.rec?.uid.as_deref()?));
    let Some(uid) = uid else { return Ok(Object(TinodeAnswer::refusal(MALFORMED))) };
    neighbours::link_tinode(&gateway, &operator, login.user, uid).await?;
    Ok(Object(TinodeAnswer::default()))
}

/// Tinode asks when it starts.
async fn restricted_tags(_: AsServer) -> Answer<Object<TinodeAnswer>> {
    Ok(Object(TinodeAnswer { strarr: Some(Vec::new()), ..TinodeAnswer::default() }))
}

async fn refuse(_: AsServer) -> Answer<Object<TinodeAnswer>> {
    Ok(Object(TinodeAnswer::refusal(UNSUPPORTED)))
}
