//! The app that the operator is signed in to, and its admin tokens. Other apps are managed on the command line: a token
//! is for one app.

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig, get, post, resource},
};
use maud::{Markup, html};

use super::{
    session::{Posted, SignedIn},
    values::{Values, ticked},
    view::{Answer, View, facts, field, foreign, secret, table, tick, typed_field},
};
use crate::{
    domain::{Operator, tenants},
    gateway::Gateway,
    model::{AdminToken, AdminTokenState, Days, Invalid, Problem},
    transport::error::Error,
};

const PATH: &str = "/console/apps";

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/apps").route(get().to(show)).route(post().to(change)));
}

async fn show(gateway: Data<Gateway>, SignedIn { operator, view, .. }: SignedIn) -> Answer {
    page(&gateway, &operator, &view, &Values::default()).await
}

/// What a form of the page has done.
enum Done {
    Saved,
    /// A secret that is shown only now, with its title.
    Secret(&'static str, String),
}

async fn change(gateway: Data<Gateway>, Posted(signed_in, values): Posted) -> Answer {
    match apply(&gateway, &signed_in.operator, &signed_in.view, &values).await {
        Ok(Done::Saved) => signed_in.done(PATH, signed_in.view.t.saved),
        Ok(Done::Secret(title, secret)) => Ok(secret_page(&signed_in.view, title, &secret)),
        Err(error) => {
            let view = signed_in.view.refused(error)?;
            page(&gateway, &signed_in.operator, &view, &values).await
        }
    }
}

async fn apply(gateway: &Gateway, operator: &Operator, view: &View, values: &Values) -> Result<Done, Error> {
    match values.get("do") {
        "settings" => {
            tenants::set_registration_open(gateway, operator, values.is_on("registration_open")).await?;
            tenants::set_push_sign_required(gateway, operator, values.is_on("push_sign_required")).await?;
            Ok(Done::Saved)
        }
        "rotate" => {
            let secret = tenants::rotate_secret(gateway, operator).await?;
            Ok(Done::Secret(view.t.new_secret, secret))
        }
        "revoke" => {
            let was_there = tenants::revoke_admin_token(gateway, operator, values.get("name").to_owned()).await?;
            if was_there { Ok(Done::Saved) } else { Err(Invalid::new("name", Problem::Unknown).into()) }
        }
        "create" => {
            let lifetime_ms = lifetime_ms(values)?;
            let token = tenants::create_admin_token(gateway, operator, values.get("name").trim(), lifetime_ms).await?;
            Ok(Done::Secret(view.t.new_token_shown, token.reveal().to_owned()))
        }
        _ => Err(Invalid::new("do", Problem::Malformed).into()),
    }
}

/// The lifetime of a new token; `None` for one that does not expire.
fn lifetime_ms(values: &Values) -> Result<Option<i64>, Invalid> {
    match values.filled("days") {
        None => Ok(None),
        Some(_) => Ok(Some(Days::parse("days", values.number("days", 0)?)?.ms())),
    }
}

async fn page(gateway: &Gateway, operator: &Operator, view: &View, form: &Values) -> Result<HttpResponse, Error> {
    let t = view.t;
    let app = tenants::get(gateway, operator).await?;
    let tokens = tenants::list_admin_tokens(gateway, operator).await?;
    let now_ms = gateway.clock.now_ms();
    let rows: Vec<Markup> =
        tokens.iter().map(|token| row(view, token, operator.token() == Some(token.id), now_ms)).collect();
    let switches = Values::of([
        ("registration_open", ticked(app.is_registration_open)),
        ("push_sign_required", ticked(app.is_push_sign_required)),
    ]);
    let settings = html! {
        input type="hidden" name="do" value="settings";
        (tick(t.registration_open, "registration_open", &switches))
        (tick(t.push_sign_required, "push_sign_required", &switches))
    };
    let new = html! {
        input type="hidden" name="do" value="create";
        (field(t.name, "name", form))
        (typed_field(t.days, "days", "number", form.get("days")))
        p.hint { (t.days_hint) }
    };
    let content = html! {
        section {
            h2 { (t.app) " " (foreign(app.id.as_str())) }
            (facts(&[(t.created_at, view.time(app.created_at_ms))]))
            (view.form(PATH, t.save, &settings))
            details {
                summary { (t.rotate_secret) }
                p { (t.rotate_question) }
                (view.button(PATH, t.rotate_secret, &[("do", "rotate")]))
            }
            p.hint { (t.apps_hint) }
        }
        (table(t.admin_tokens, &[t.id, t.name, t.created_at, t.expires_at, t.state, t.actions], &rows, t.none))
        section {
            h2 { (t.new_token) }
            (view.form(PATH, t.create, &new))
        }
    };
    Ok(view.page(t.apps, &content))
}

fn row(view: &View, token: &AdminToken, is_own: bool, now_ms: i64) -> Markup {
    let t = view.t;
    html! {
        td { (token.id.0) }
        td { (foreign(&token.name)) @if is_own { " (" (t.this_session) ")" } }
        td { (view.time(token.created_at_ms)) }
        td { @match token.expires_at_ms { Some(at_ms) => { (view.time(at_ms)) } None => { (t.never) } } }
        td {
            @match token.state(now_ms) {
                AdminTokenState::Valid => span.badge.good { (t.valid) }
                AdminTokenState::Expired => span.badge.quiet { (t.expired) }
                AdminTokenState::Revoked => span.badge.quiet { (t.revoked) }
            }
        }
        td {
            @if token.revoked_at_ms.is_none() {
                details {
                    summary aria-label={ (t.revoke) " " (token.name) } { (t.revoke) }
                    p { @if is_own { (t.revoke_own_question) } @else { (t.revoke_question) } }
                    (view.button(PATH, t.revoke, &[("do", "revoke"), ("name", &token.name)]))
                }
            }
        }
    }
}

fn secret_page(view: &View, title: &str, text: &str) -> HttpResponse {
    let content = html! {
        (secret(title, text))
        p.hint { (view.t.shown_once) }
        p { a href=(PATH) { (view.t.back) } }
    };
    view.page(view.t.apps, &content)
}
