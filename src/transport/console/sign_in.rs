//! Signing in and out, and the choice of the language.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, ServiceConfig, get, post, resource},
};
use maud::html;

use super::{
    cookie,
    session::{self, Posted, PostedByAnyone, see},
    texts::{EN, ZH},
    values::Values,
    view::{Answer, View, typed_field},
};
use crate::{
    gateway::Gateway,
    transport::{
        api::Api,
        error::{Error, Protocol},
    },
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/sign-in").route(get().to(show)).route(post().to(sign_in)))
        .service(resource("/sign-out").route(post().to(sign_out)))
        .service(resource("/language/{code}").route(get().to(set_language)));
}

async fn show(req: HttpRequest, query: Values) -> Answer {
    Ok(page(&View::of(&req)?, &query))
}

fn page(view: &View, values: &Values) -> HttpResponse {
    let t = view.t;
    let fields = html! {
        input type="hidden" name="next" value=(values.get("next"));
        label { span { (t.app) } input type="text" name="app" value=(values.get("app")) autocomplete="username" required; }
        (typed_field(t.admin_token, "token", "password", ""))
    };
    let content = html! {
        (view.form("/console/sign-in", t.sign_in, &fields))
        p.hint { (t.sign_in_hint) }
    };
    view.page(t.sign_in, &content)
}

async fn sign_in(req: HttpRequest, PostedByAnyone(values): PostedByAnyone) -> Answer {
    match session::sign_in(&req, values.get("app"), values.get("token")).await {
        Ok(()) => Ok(see(page_to_open(values.get("next")))),
        Err(error) => refused(&req, &values, error),
    }
}

fn refused(req: &HttpRequest, values: &Values, error: Error) -> Answer {
    let view = View::of(req)?;
    let shown = error.shown(Api::Admin, view.language);
    if shown.strict_status.is_server_error() {
        return Err(error);
    }
    Ok(page(&view.with_refusal(shown.text), values))
}

/// The page that was wanted, if it is one of the console; else the overview.
fn page_to_open(wanted: &str) -> &str {
    let is_ours =
        wanted.starts_with("/console/") && wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours { wanted } else { "/console/" }
}

async fn sign_out(gateway: Data<Gateway>, Posted(signed_in, _): Posted) -> Answer {
    signed_in.sign_out(&gateway).await;
    Ok(see("/console/sign-in"))
}

async fn set_language(req: HttpRequest, code: Path<String>, query: Values) -> Answer {
    if ![EN.code, ZH.code].contains(&code.as_str()) {
        return Err(Protocol::NotFound.into());
    }
    cookie::set_language(&req, &code)?;
    Ok(see(page_to_open(query.get("back"))))
}
