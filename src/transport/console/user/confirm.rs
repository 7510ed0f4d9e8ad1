//! The pages that ask before an account is disabled or deleted, its password is reset or its sessions are ended. They say
//! what will end.

use actix_web::web::{Data, Path};
use maud::{Markup, html};

use super::{path_of, user_in};
use crate::{
    domain::accounts::{self, AccountDetails},
    gateway::Gateway,
    transport::{
        console::{
            session::SignedIn,
            texts::Texts,
            view::{Answer, foreign, typed_field},
        },
        error::Protocol,
    },
};

pub(super) async fn show(
    gateway: Data<Gateway>,
    SignedIn { operator, view, .. }: SignedIn,
    path: Path<(String, String)>,
) -> Answer {
    let (id, action) = path.into_inner();
    let user = user_in(&id)?;
    let details = accounts::get_details(&gateway, &operator, user).await?;
    let t = view.t;
    let (title, more) = match action.as_str() {
        "disable" => (t.disable, html! { li { (t.ends_logins) } }),
        "kick" => (t.end_sessions, html! {}),
        "password" => (t.reset_password, html! { li { (t.ends_password) } }),
        "delete" => (t.delete, deletes(t, &details)),
        _ => return Err(Protocol::NotFound.into()),
    };
    let fields = html! {
        input type="hidden" name="do" value=(action);
        @if action == "password" {
            (typed_field(t.password, "password", "password", ""))
            p.hint { (t.password_hint) }
        }
    };
    let sessions = details.devices.iter().filter(|device| device.session.is_some()).count();
    let content = html! {
        p { (t.user) " " strong { (user) " " (foreign(&details.user.nickname)) } }
        section {
            h2 { (t.will_end) }
            ul {
                li { (t.sessions) ": " (sessions) }
                (more)
            }
            (view.form(&path_of(user), title, &fields))
        }
        p { a href=(path_of(user)) { (t.cancel) } }
    };
    Ok(view.page(title, &content))
}

/// What a deletion erases.
fn deletes(t: &Texts, details: &AccountDetails) -> Markup {
    html! {
        li { (t.devices) ": " (details.devices.len()) }
        li { (t.push_tokens) ": " (details.push.tokens.len()) }
        li { (t.ends_names) }
        li { (t.ends_for_good) }
    }
}
