//! `MongooseIM`'s protocol of HTTP authentication (docs/integrations.md). Its users are the numbers of accounts; their
//! password is a token.

use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, body::BoxBody, dev::Payload, web::Data};
use schemars::JsonSchema;
use serde::Deserialize;
use std::future::{Ready, ready};

use crate::{
    domain::{self, neighbours},
    gateway::Gateway,
    model::UserId,
    transport::{
        error::{Error, Protocol},
        oauth::{Answer, AsServer},
        openapi::{Described, Description},
        path::{Path, mongooseim},
        query,
    },
};

pub(super) fn paths() -> Vec<Path> {
    let about = "Refused: accounts are not made or changed here";
    vec![
        mongooseim("/adapters/mongooseim/check_password").get(check_password, "Whether `pass` is a token of `user`"),
        mongooseim("/adapters/mongooseim/user_exists").get(user_exists, "Whether there is the account `user`"),
        mongooseim("/adapters/mongooseim/register").post(refuse, about),
        mongooseim("/adapters/mongooseim/set_password").post(refuse, about),
        mongooseim("/adapters/mongooseim/remove_user").post(refuse, about),
    ]
}

/// What every request has.
#[derive(Deserialize, JsonSchema)]
struct Credentials {
    /// The local part of the user's JID: the number of an account.
    #[serde(default)]
    user: String,
    /// A token: a session's, or an access token.
    #[serde(default)]
    pass: String,
}

impl FromRequest for Credentials {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(query::read(req.query_string()).map_err(|problem| Error::from(Protocol::BadQuery(problem)).into()))
    }
}

impl Described for Credentials {
    fn describe(operation: &mut Description<'_>) {
        operation.query::<Self>();
    }
}

/// `true` or `false`.
struct Verdict(bool);

impl Responder for Verdict {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().content_type("text/plain").body(if self.0 { "true" } else { "false" })
    }
}

impl Described for Verdict {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_text("`true` or `false`.");
    }
}

/// An answer that there never is.
struct Never;

impl Responder for Never {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Forbidden().finish()
    }
}

impl Described for Never {
    fn describe(_: &mut Description<'_>) {}
}

async fn check_password(
    gateway: Data<Gateway>,
    AsServer(operator, Credentials { user, pass }): AsServer<Credentials>,
) -> Answer<Verdict> {
    Ok(Verdict(match UserId::parse("user", &user) {
        Ok(user) => neighbours::is_token_of(&gateway, &operator, user, &pass).await?,
        Err(_) => false,
    }))
}

async fn user_exists(
    gateway: Data<Gateway>,
    AsServer(operator, Credentials { user, .. }): AsServer<Credentials>,
) -> Answer<Verdict> {
    Ok(Verdict(match UserId::parse("user", &user) {
        Ok(user) => neighbours::exists(&gateway, &operator, user).await?,
        Err(_) => false,
    }))
}

async fn refuse(_: AsServer) -> Answer<Never> {
    Err(domain::Error::NoPermission.into())
}
