//! Listing, searching, disabling, enabling, renaming and deleting accounts.

mod details;
mod export;

use std::collections::BTreeSet;

pub use self::{
    details::{AccountDetails, PushDetails, get_details},
    export::{OwnAuditActor, OwnAuditRow, OwnData, export_own},
};

use super::{
    Caller, Error, Operator,
    access::Actor,
    audit::Action,
    credentials, presence,
    unit_of_work::{UnitOfWork, as_caller, as_operator},
    verification,
};
use crate::{
    gateway::Gateway,
    model::{
        AccountStatus, Code, CodePurpose, Contact, EndReason, FoundUser, Invalid, Listing, Page, Password, Problem,
        UserCursor, UserId, UserSearch, UserSummary, Username,
    },
    state::OnMatch,
    store::{
        devices, module_ignores, notifications, personal_data, push_profiles, push_tags, push_tokens, remarks,
        sessions, settings, tinode_links, users,
    },
};

/// A page of a tenant's accounts, oldest first.
pub async fn list(gateway: &Gateway, operator: &Operator, page: Page) -> Result<Vec<UserSummary>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| users::list(conn, &tenant, page)).await?)
}

/// A page of the accounts of a tenant that a search finds, without deleted ones.
pub async fn search(
    gateway: &Gateway,
    operator: &Operator,
    search: UserSearch,
) -> Result<Listing<FoundUser, UserCursor>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| users::search(conn, &tenant, &search)).await?)
}

/// Changes the caller's login name.
///
/// # Errors
/// [`Error::UsernameTaken`].
pub async fn set_username(gateway: &Gateway, caller: &Caller, name: Username) -> Result<(), Error> {
    as_caller(gateway, caller, Action::new("account.set_username"), move |tx| {
        users::set_username(tx.conn, tx.user, &name).map_err(Error::UsernameTaken.if_taken())
    })
    .await
}

/// Deletes the caller's account. `code` proves that the caller still controls `contact`, which must be bound to the
/// account.
///
/// # Errors
/// [`Error::ContactNotBound`], [`Error::CodeWrong`].
pub async fn cancel(gateway: &Gateway, caller: &Caller, contact: Contact, code: &Code) -> Result<(), Error> {
    let (user, tenant, wanted) = (caller.user(), caller.tenant_id().clone(), contact.clone());
    let owner = gateway.db.read(move |conn| users::find_by_contact(conn, &tenant, &wanted)).await?;
    if owner.is_none_or(|owner| owner.id != user) {
        return Err(Error::ContactNotBound);
    }
    let purposes = [CodePurpose::Account(user)];
    verification::try_code(gateway, caller.tenant_id(), &contact, code, &purposes, OnMatch::Consume).await?;
    erase(gateway, caller).await
}

/// Deletes the caller's account. A user must confirm with the password; an operator need not.
///
/// # Errors
/// [`Error::PasswordWrong`]; [`Error::TooManyRequests`] after too many wrong passwords.
pub async fn delete(gateway: &Gateway, caller: &Caller, password: Option<&Password>) -> Result<(), Error> {
    match caller.actor() {
        Actor::User(_) => {
            let password = password.ok_or(Invalid::new("password", Problem::Missing))?;
            credentials::confirm(gateway, caller, password).await?;
        }
        Actor::Operator(_) => {}
    }
    erase(gateway, caller).await
}

async fn erase(gateway: &Gateway, caller: &Caller) -> Result<(), Error> {
    as_caller(gateway, caller, Action::new("account.delete"), erase_rows).await?;
    presence::end(gateway, caller.tenant_id(), caller.user(), None).await;
    Ok(())
}

/// Deletes the owner's data and frees the account's names and contacts for others. The ledger of its coins, its audit
/// rows and by whom it was invited stay, under its id.
fn erase_rows(tx: &mut UnitOfWork<'_, UserId>) -> Result<(), Error> {
    let (conn, user) = (&mut *tx.conn, tx.user);
    sessions::end_all_of(conn, &[user], EndReason::Deleted, tx.now_ms)?;
    users::erase(conn, user)?;
    settings::delete(conn, user)?;
    devices::delete_all_of(conn, user)?;
    personal_data::delete(conn, user)?;
    remarks::delete_all_of(conn, user)?;
    notifications::delete_all_of(conn, user)?;
    push_tokens::delete_all_of(conn, user)?;
    push_profiles::delete(conn, user)?;
    module_ignores::delete_all_of(conn, user)?;
    tinode_links::delete(conn, user)?;
    tx.at_end([push_tags::delete_all_of(user)]);
    Ok(())
}

/// Disables accounts and ends their sessions. Changes nothing if any of them is not in the operator's tenant.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn disable(gateway: &Gateway, operator: &Operator, ids: Vec<UserId>) -> Result<(), Error> {
    const ACTION: Action = Action::new("account.disable");
    let ids = set_status(gateway, operator, ids, AccountStatus::Disabled, ACTION).await?;
    for user in ids {
        presence::end(gateway, operator.tenant_id(), user, None).await;
    }
    Ok(())
}

/// Enables disabled accounts; their old sessions stay ended. Changes nothing if any of them is not in the operator's
/// tenant.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn enable(gateway: &Gateway, operator: &Operator, ids: Vec<UserId>) -> Result<(), Error> {
    const ACTION: Action = Action::new("account.enable");
    set_status(gateway, operator, ids, AccountStatus::Active, ACTION).await?;
    Ok(())
}

/// Returns the accounts, each once, in the order of their ids.
async fn set_status(
    gateway: &Gateway,
    operator: &Operator,
    ids: Vec<UserId>,
    status: AccountStatus,
    action: Action,
) -> Result<Vec<UserId>, Error> {
    let ids: Vec<UserId> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let changed = ids.clone();
    as_operator(gateway, operator, action, format!("{} accounts", ids.len()), move |tx| {
        if users::set_status(tx.conn, tx.tenant, &ids, status)? != ids.len() {
            return Err(Error::UserNotFound);
        }
        if status != AccountStatus::Active {
            sessions::end_all_of(tx.conn, &ids, EndReason::Disabled, tx.now_ms)?;
        }
        tx.set_targets(ids);
        Ok(())
    })
    .await?;
    Ok(changed)
}
