//! The page of one account.

mod actions;
mod confirm;
mod sections;

use actix_web::{
    HttpResponse,
    web::{Data, Path, ServiceConfig, get, post, resource},
};
use maud::html;

use super::{
    session::SignedIn,
    values::Values,
    view::{Answer, View},
};
use crate::{
    domain::{
        Operator,
        accounts::{self, AccountDetails},
        audit_log, awards, coins,
    },
    gateway::Gateway,
    model::{AccountStatus, AuditFilter, Page, UserId},
    transport::error::Error,
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/users/{id}").route(get().to(show)).route(post().to(actions::act)))
        .service(resource("/users/{id}/confirm/{action}").route(get().to(confirm::show)));
}

/// The path of an account's page.
fn path_of(user: UserId) -> String {
    format!("/console/users/{user}")
}

/// The account in a path.
fn user_in(text: &str) -> Result<UserId, Error> {
    Ok(UserId::parse("user", text)?)
}

async fn show(
    gateway: Data<Gateway>,
    SignedIn { operator, view, .. }: SignedIn,
    id: Path<String>,
    query: Values,
) -> Answer {
    page(&gateway, &operator, &view, user_in(&id)?, &query, &Values::default()).await
}

/// The page, with the fields of a form that was refused.
async fn page(
    gateway: &Gateway,
    operator: &Operator,
    view: &View,
    user: UserId,
    query: &Values,
    form: &Values,
) -> Result<HttpResponse, Error> {
    let t = view.t;
    let details = accounts::get_details(gateway, operator, user).await?;
    let coins_page = Page::parse(Some(query.number("coins_page", 1)?), Some(sections::COINS_PER_PAGE))?;
    let (records, total) = coins::list_of(gateway, operator, user, coins_page).await?;
    let medals = awards::list_medals(gateway, operator, Page::first()).await?;
    let filter = AuditFilter { user: Some(user), ..AuditFilter::default() };
    let trail = audit_log::list(gateway, operator, filter, query.page()?).await?;
    let path = path_of(user);
    let key = gateway.random.base62(20)?;
    let content = html! {
        (actions_bar(view, &details))
        div.columns {
            (sections::profile(view, &details))
            (sections::settings(t, &details))
        }
        (sections::devices(view, &details))
        (sections::push(t, &details))
        (sections::coins(view, &details, &records, (query, total), (&form.of_form("coins"), &key)))
        div.columns {
            (sections::vip(view, &details, &form.of_form("vip")))
            (sections::medals(view, &details, &medals.items))
            (sections::ban(view, &details, &form.of_form("ban")))
        }
        section {
            h2 { (t.audit_trail) }
            (super::audit::rows(view, &trail.items))
            (view.next(&path, query, trail.next))
        }
    };
    Ok(view.page(&title(t.user, &details), &content))
}

fn title(user: &str, details: &AccountDetails) -> String {
    let name = details.user.username.as_deref().unwrap_or(&details.user.nickname);
    format!("{user} {}: {name}", details.user.id)
}

/// What can be done with the account as a whole.
fn actions_bar(view: &View, details: &AccountDetails) -> maud::Markup {
    let (t, user) = (view.t, details.user.id);
    let link = |action: &str| format!("{}/confirm/{action}", path_of(user));
    html! {
        div.actions {
            (super::users::status(t, details.user.status))
            (super::users::presence_of(t, user, !details.online.is_empty()))
            @if details.user.status == AccountStatus::Active {
                a.button.plain href=(link("disable")) { (t.disable) }
            } @else {
                (view.button(&path_of(user), t.enable, &[("do", "enable")]))
            }
            a.button.plain href=(link("password")) { (t.reset_password) }
            a.button.danger href=(link("delete")) { (t.delete) }
        }
    }
}
