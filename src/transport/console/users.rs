//! The accounts of an app: the search, which devices are in use, and new accounts.

use std::collections::BTreeSet;

use actix_web::{
    HttpResponse,
    web::{Data, Json, ServiceConfig, get, post, resource},
};
use maud::{Markup, html};
use serde::Serialize;

use super::{
    session::{Polling, Posted, SignedIn},
    texts::Texts,
    values::Values,
    view::{Answer, View, facts, field, foreign, secret, table, typed_field},
};
use crate::{
    domain::{
        Operator, accounts, presence,
        registration::{self, Registration},
    },
    gateway::Gateway,
    model::{AccountStatus, FoundUser, Password, UserId, UserSearch, Username},
    transport::error::Error,
};

const PATH: &str = "/console/users";

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/users").route(get().to(show)))
        .service(resource("/users/new").route(get().to(show_new)).route(post().to(create)))
        .service(resource("/users/presence").route(get().to(list_online)));
}

async fn show(gateway: Data<Gateway>, SignedIn { operator, view, .. }: SignedIn, query: Values) -> Answer {
    match UserSearch::parse(query.get("q"), Some(query.get("cursor")), None) {
        Ok(search) => list(&gateway, &operator, &view, &query, search).await,
        Err(invalid) => Ok(page(&view.refused(invalid)?, &query, &html! {})),
    }
}

async fn list(gateway: &Gateway, operator: &Operator, view: &View, query: &Values, search: UserSearch) -> Answer {
    let t = view.t;
    let found = accounts::search(gateway, operator, search).await?;
    let ids = found.items.iter().map(|user| user.id).collect();
    let online = presence::online(gateway, operator, ids).await?;
    let rows: Vec<Markup> = found.items.iter().map(|user| row(view, user, online.contains(&user.id))).collect();
    let columns = [t.id, t.login_name, t.display_name, t.mobile, t.email, t.state, t.presence, t.registered];
    let next = found.next.map(|cursor| cursor.to_string());
    let content = html! {
        (table(t.users, &columns, &rows, t.no_users))
        (view.next_at(PATH, query, next.as_deref()))
    };
    Ok(page(view, query, &content))
}

fn page(view: &View, query: &Values, content: &Markup) -> HttpResponse {
    let t = view.t;
    let content = html! {
        form.row method="get" action=(PATH) role="search" {
            label { span { (t.search) } input type="search" name="q" value=(query.get("q")) autocomplete="off"; }
            button type="submit" { (t.find) }
            span.hint { (t.search_hint) }
        }
        div.actions {
            a.button.plain href="/console/users/new" { (t.new_user) }
            a.button.plain href="/console/users/import" { (t.import) }
            a.button.plain href="/console/users/export?format=csv&for_spreadsheets=1" { (t.export_csv) }
            a.button.plain href="/console/users/export?format=jsonl" { (t.export_jsonl) }
        }
        (content)
    };
    view.page(t.users, &content)
}

fn row(view: &View, user: &FoundUser, is_online: bool) -> Markup {
    let name = |text: &Option<String>| foreign(text.as_deref().unwrap_or("–"));
    html! {
        td { a href={ (PATH) "/" (user.id) } { (user.id) } }
        td { (name(&user.username)) }
        td { (foreign(&user.nickname)) }
        td { (name(&user.mobile)) }
        td { (name(&user.email)) }
        td { (status(view.t, user.status)) }
        td { (presence_of(view.t, user.id, is_online)) }
        td { (view.time(user.registered_at_ms)) }
    }
}

/// An account's status.
pub(super) fn status(t: &Texts, status: AccountStatus) -> Markup {
    match status {
        AccountStatus::Active => html! { span.badge.good { (t.active) } },
        AccountStatus::Disabled => html! { span.badge.bad { (t.disabled) } },
        AccountStatus::Deleted => html! { span.badge.quiet { (t.deleted) } },
    }
}

/// Whether a user is online, which `console.js` keeps up to date.
pub(super) fn presence_of(t: &Texts, user: UserId, is_online: bool) -> Markup {
    let (class, text) = if is_online { ("badge good", t.online) } else { ("badge quiet", t.offline) };
    html! { span class=(class) data-presence=(user) data-online=(t.online) data-offline=(t.offline) { (text) } }
}

#[derive(Serialize)]
struct Online {
    online: Vec<i64>,
}

/// Which of the users in the field `ids` are online.
async fn list_online(gateway: Data<Gateway>, Polling(operator): Polling, query: Values) -> Result<Json<Online>, Error> {
    const MAX: usize = 200;
    let ids = query.get("ids").split(',').take(MAX).map(|id| UserId::parse("ids", id)).collect::<Result<_, _>>()?;
    let online: BTreeSet<UserId> = presence::online(&gateway, &operator, ids).await?;
    Ok(Json(Online { online: online.into_iter().map(UserId::get).collect() }))
}

async fn show_new(SignedIn { view, .. }: SignedIn) -> HttpResponse {
    new_page(&view, &Values::default())
}

async fn create(gateway: Data<Gateway>, Posted(signed_in, values): Posted) -> Answer {
    let view = signed_in.view;
    match register(&gateway, &signed_in.operator, &values).await {
        Ok((user, generated)) => Ok(created_page(&view, user, generated.as_deref())),
        Err(error) => Ok(new_page(&view.refused(error)?, &values)),
    }
}

/// Creates an account. Returns its password if that was generated.
async fn register(gateway: &Gateway, operator: &Operator, values: &Values) -> Result<(UserId, Option<String>), Error> {
    let (password, generated) = new_password(gateway, values)?;
    let new = Registration { username: Username::parse(values.get("username").trim())?, password };
    Ok((registration::create(gateway, operator, new).await?, generated))
}

/// The password in the form or, if there is none, a generated one and its text.
pub(super) fn new_password(gateway: &Gateway, values: &Values) -> Result<(Password, Option<String>), Error> {
    let generated = match values.get("password") {
        "" => Some(gateway.random.password()?),
        _ => None,
    };
    let text = generated.as_deref().unwrap_or(values.get("password"));
    Ok((Password::parse("password", text, gateway.reloadable.load().password_min)?, generated))
}

fn new_page(view: &View, values: &Values) -> HttpResponse {
    let t = view.t;
    let fields = html! {
        (field(t.login_name, "username", values))
        (typed_field(t.password, "password", "password", ""))
        p.hint { (t.password_hint) }
    };
    let content = html! { section { (view.form("/console/users/new", t.create, &fields)) } };
    view.page(t.new_user, &content)
}

fn created_page(view: &View, user: UserId, generated: Option<&str>) -> HttpResponse {
    let t = view.t;
    let content = html! {
        p.notice role="status" { (t.created) }
        (facts(&[(t.user, html! { a href={ (PATH) "/" (user) } { (user) } })]))
        @if let Some(password) = generated { (secret(t.generated_password, password)) }
    };
    view.page(t.new_user, &content)
}
