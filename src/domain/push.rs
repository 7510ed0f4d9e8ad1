//! Push messages: the alias, the badge and the tags of an account.

use std::collections::BTreeSet;

use super::{
    Caller, Error,
    audit::Action,
    unit_of_work::{as_caller, change_own},
};
use crate::{
    gateway::Gateway,
    model::{Alias, Badge, Invalid, Problem, Tag},
    store::{push_profiles, push_tags, settings},
};

/// Sets the caller's alias and, if given, the push service's token.
///
/// # Errors
/// [`Error::AliasTaken`]; [`Error::Invalid`].
pub async fn set_alias(
    gateway: &Gateway,
    caller: &Caller,
    alias: Alias,
    push_token: Option<String>,
) -> Result<(), Error> {
    as_caller(gateway, caller, Action::routine("push.alias"), move |tx| {
        push_profiles::set_alias(tx.conn, tx.tenant, tx.user, &alias).map_err(Error::AliasTaken.if_taken())?;
        if let Some(token) = push_token {
            let mut known = settings::get(tx.conn, tx.user)?;
            known.set_push_token(&token)?;
            settings::save(tx.conn, tx.user, &known)?;
        }
        Ok(())
    })
    .await
}

/// Sets the badge number of push messages to the caller.
pub async fn set_badge(gateway: &Gateway, caller: &Caller, badge: Badge) -> Result<(), Error> {
    let tenant = caller.tenant_id().clone();
    change_own(gateway, caller, Action::routine("push.badge"), move |user| {
        vec![push_profiles::set_badge(&tenant, user, badge)]
    })
    .await
}

/// The caller's tags, in order.
pub async fn list_tags(gateway: &Gateway, caller: &Caller) -> Result<Vec<String>, Error> {
    let user = caller.user();
    Ok(gateway.db.read(move |conn| push_tags::list(conn, user)).await?)
}

/// Adds tags; no effect for those that the caller has.
///
/// # Errors
/// [`Error::Invalid`] if the caller would have too many.
pub async fn add_tags(gateway: &Gateway, caller: &Caller, tags: BTreeSet<Tag>) -> Result<(), Error> {
    as_caller(gateway, caller, Action::routine("push.add_tags"), move |tx| {
        let known: BTreeSet<String> = push_tags::list(tx.conn, tx.user)?.into_iter().collect();
        let new: Vec<&Tag> = tags.iter().filter(|tag| !known.contains(tag.as_str())).collect();
        if known.len() + new.len() > Tag::MAX {
            return Err(Invalid::new("tags", Problem::TooMany { max: Tag::MAX }).into());
        }
        for tag in new {
            push_tags::insert(tx.conn, tx.user, tag)?;
        }
        Ok(())
    })
    .await
}

/// Removes tags; no effect for those that the caller does not have.
pub async fn remove_tags(gateway: &Gateway, caller: &Caller, tags: BTreeSet<Tag>) -> Result<(), Error> {
    change_own(gateway, caller, Action::routine("push.remove_tags"), move |user| push_tags::delete(user, &tags)).await
}

/// Removes all of the caller's tags.
pub async fn clear_tags(gateway: &Gateway, caller: &Caller) -> Result<(), Error> {
    change_own(gateway, caller, Action::routine("push.clear_tags"), |user| vec![push_tags::delete_all_of(user)]).await
}
