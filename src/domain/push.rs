//! How push messages find an account.

use std::collections::BTreeSet;

use super::{Caller, Error, profile::change};
use crate::{
    app::App,
    model::{Alias, Badge, Invalid, Problem, Tag},
    store::{push_profiles, push_tags, settings},
};

/// Gives the caller's account an alias and, if there is one, the push service's token.
///
/// # Errors
/// [`Error::AliasTaken`]; [`Error::Invalid`].
pub async fn set_alias(app: &App, caller: &Caller, alias: Alias, push_token: Option<String>) -> Result<(), Error> {
    let tenant = caller.app().clone();
    change(app, caller, "push.alias", move |conn, user| {
        push_profiles::set_alias(conn, &tenant, user, &alias).map_err(Error::AliasTaken.if_taken())?;
        if let Some(token) = push_token {
            let mut known = settings::get(conn, user)?;
            known.set_push_token(&token)?;
            settings::save(conn, user, &known)?;
        }
        Ok(())
    })
    .await
}

/// Sets the number that push messages to the caller show.
///
/// # Errors
/// When the database can't be asked.
pub async fn set_badge(app: &App, caller: &Caller, badge: Badge) -> Result<(), Error> {
    let tenant = caller.app().clone();
    change(app, caller, "push.badge", move |conn, user| Ok(push_profiles::set_badge(conn, &tenant, user, badge)?)).await
}

/// The caller's tags, in order.
///
/// # Errors
/// When the database can't be asked.
pub async fn list_tags(app: &App, caller: &Caller) -> Result<Vec<String>, Error> {
    let user = caller.user();
    Ok(app.db.read(move |conn| push_tags::list(conn, user)).await?)
}

/// Adds tags; those that the caller has stay as they are.
///
/// # Errors
/// [`Error::Invalid`] when these would be too many.
pub async fn add_tags(app: &App, caller: &Caller, tags: BTreeSet<Tag>) -> Result<(), Error> {
    change(app, caller, "push.add_tags", move |conn, user| {
        let known: BTreeSet<String> = push_tags::list(conn, user)?.into_iter().collect();
        let new: Vec<&Tag> = tags.iter().filter(|tag| !known.contains(tag.as_str())).collect();
        if known.len() + new.len() > Tag::MAX {
            return Err(Invalid::new("tags", Problem::TooMany { max: Tag::MAX }).into());
        }
        for tag in new {
            push_tags::insert(conn, user, tag)?;
        }
        Ok(())
    })
    .await
}

/// Removes tags, as far as the caller has them.
///
/// # Errors
/// When the database can't be asked.
pub async fn remove_tags(app: &App, caller: &Caller, tags: BTreeSet<Tag>) -> Result<(), Error> {
    change(app, caller, "push.remove_tags", move |conn, user| {
        for tag in &tags {
            push_tags::delete(conn, user, tag)?;
        }
        Ok(())
    })
    .await
}

/// Removes all of the caller's tags.
///
/// # Errors
/// When the database can't be asked.
pub async fn clear_tags(app: &App, caller: &Caller) -> Result<(), Error> {
    change(app, caller, "push.clear_tags", move |conn, user| Ok(push_tags::delete_all_of(conn, user)?)).await
}
