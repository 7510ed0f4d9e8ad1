//! The one shape of writing: a transaction that locks and re-checks whoever acts, runs the change and writes its audit row.
//! A refusal is rolled back and audited in a transaction of its own.

use super::{
    Anonymous, Caller, Error, Operator,
    access::{Actor, OperatorKind},
    audit::{Action, AuditContext},
};
use crate::{
    gateway::Gateway,
    model::{AccountStatus, TenantId, UserId},
    store::{
        Conn, admin_tokens, sessions,
        users::{self, Credentials},
    },
};

/// A transaction under way. `U` is the account that the caller acts for, or nothing.
pub(super) struct UnitOfWork<'a, U = ()> {
    pub(super) conn: &'a mut Conn,
    pub(super) tenant: &'a TenantId,
    pub(super) user: U,
    pub(super) now_ms: i64,
    targets: Vec<String>,
}

impl<U> UnitOfWork<'_, U> {
    /// Locks an account of the tenant until the end of the transaction.
    ///
    /// # Errors
    /// [`Error::UserNotFound`], also for a deleted account.
    pub(super) fn lock_user(&mut self, user: UserId) -> Result<Credentials, Error> {
        let account = users::lock(self.conn, self.tenant, user)?;
        account.filter(|account| account.status != AccountStatus::Deleted).ok_or(Error::UserNotFound)
    }

    /// Says what was changed, in more detail than was known before.
    pub(super) fn set_target(&mut self, target: String) {
        self.targets = vec![target];
    }

    /// Says what was changed, when that is several things: each gets an audit row.
    pub(super) fn set_targets(&mut self, targets: Vec<String>) {
        self.targets = targets;
    }

    /// Says that nothing was changed, so that there is nothing to audit.
    pub(super) fn set_unchanged(&mut self) {
        self.targets.clear();
    }
}

/// Changes something of the caller's account, whose row is locked meanwhile; unless the account, the session or the admin
/// token has ended since the request began.
pub(super) async fn as_caller<T: Send + 'static>(
    gateway: &Gateway,
    caller: &Caller,
    action: Action,
    work: impl FnOnce(&mut UnitOfWork<'_, UserId>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (user, recheck) = (caller.user(), caller.clone());
    let recheck = move |conn: &mut Conn, now_ms: i64| lock_and_recheck(conn, &recheck, now_ms);
    run(gateway, AuditContext::of_caller(caller), action, user.to_string(), user, recheck, work).await
}

/// Changes something of the operator's tenant; unless the admin token has ended since the request began.
pub(super) async fn as_operator<T: Send + 'static>(
    gateway: &Gateway,
    operator: &Operator,
    action: Action,
    target: String,
    work: impl FnOnce(&mut UnitOfWork<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let kind = operator.kind().clone();
    let recheck = move |conn: &mut Conn, now_ms: i64| recheck_operator(conn, &kind, now_ms);
    run(gateway, AuditContext::of_operator(operator), action, target, (), recheck, work).await
}

/// Changes something for a requester without a token, who is to be identified by `work`.
pub(super) async fn as_anonymous<T: Send + 'static>(
    gateway: &Gateway,
    anonymous: &Anonymous,
    action: Action,
    work: impl FnOnce(&mut UnitOfWork<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    run(gateway, AuditContext::of_anonymous(anonymous), action, String::new(), (), |_, _| Ok(()), work).await
}

async fn run<U: Send + 'static, T: Send + 'static>(
    gateway: &Gateway,
    audit: AuditContext,
    action: Action,
    target: String,
    user: U,
    recheck: impl FnOnce(&mut Conn, i64) -> Result<(), Error> + Send + 'static,
    work: impl FnOnce(&mut UnitOfWork<'_, U>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let now_ms = gateway.clock.now_ms();
    let (context, first_target) = (audit.clone(), target.clone());
    let outcome = gateway
        .db
        .write(move |conn| -> Result<T, Error> {
            recheck(conn, now_ms)?;
            let mut unit = UnitOfWork { conn, tenant: context.tenant_id(), user, now_ms, targets: vec![first_target] };
            let value = work(&mut unit)?;
            let UnitOfWork { conn, targets, .. } = unit;
            for target in targets {
                context.done(conn, action, &target, now_ms)?;
            }
            Ok(value)
        })
        .await;
    match outcome {
        Err(refusal) if audit.is_operator() && refusal.is_audited() => {
            let why = refusal.to_string();
            gateway.db.write(move |conn| audit.refused(conn, action, &target, &why, now_ms)).await?;
            Err(refusal)
        }
        outcome => outcome,
    }
}

/// Locks the account that the caller acts for, and makes sure that it may still: whatever ended account, session or admin
/// token since the request began came first.
fn lock_and_recheck(conn: &mut Conn, caller: &Caller, now_ms: i64) -> Result<(), Error> {
    let account = users::lock(conn, caller.tenant_id(), caller.user())?.ok_or(Error::UserNotFound)?;
    match caller.actor() {
        Actor::User(logged_in) if sessions::is_live(conn, logged_in.session)? => Ok(()),
        Actor::User(_) => Err(Error::TokenEnded),
        Actor::Operator(_) if account.status == AccountStatus::Deleted => Err(Error::UserNotFound),
        Actor::Operator(kind) => recheck_operator(conn, kind, now_ms),
    }
}

fn recheck_operator(conn: &mut Conn, kind: &OperatorKind, now_ms: i64) -> Result<(), Error> {
    match kind {
        OperatorKind::CommandLine => Ok(()),
        OperatorKind::AdminToken(token, _) if admin_tokens::is_valid(conn, *token, now_ms)? => Ok(()),
        OperatorKind::AdminToken(..) => Err(Error::TokenEnded),
    }
}
