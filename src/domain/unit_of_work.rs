//! The unit of work of every operation that writes: one transaction that locks and re-checks the actor, makes the
//! change and inserts its audit rows. A refusal is rolled back; if it must be audited, that is a transaction of its
//! own.

use super::{
    Anonymous, Caller, Error, Operator,
    access::{Actor, OperatorKind},
    audit::{Action, AuditContext, Target},
};
use crate::{
    gateway::Gateway,
    model::{AccountStatus, TenantId, UserId},
    store::{
        Authority, Conn, TokenId, admin_tokens, sessions,
        statements::{Statement, execute_together},
        users::{self, Credentials},
    },
};

/// A running transaction. `U` is the id of the caller's account, or `()` without one.
pub(super) struct UnitOfWork<'a, U = ()> {
    pub(super) conn: &'a mut Conn,
    pub(super) tenant: &'a TenantId,
    pub(super) user: U,
    pub(super) now_ms: i64,
    targets: Vec<Target>,
    last: Vec<Statement>,
}

impl<U> UnitOfWork<'_, U> {
    /// Executes `statements` at the end, together with the others and the audit rows.
    pub(super) fn at_end(&mut self, statements: impl IntoIterator<Item = Statement>) {
        self.last.extend(statements);
    }

    /// Locks an account of the tenant until the end of the transaction.
    ///
    /// # Errors
    /// [`Error::UserNotFound`], also for a deleted account.
    pub(super) fn lock_user(&mut self, user: UserId) -> Result<Credentials, Error> {
        let account = users::lock(self.conn, self.tenant, user)?;
        account.filter(|account| account.status != AccountStatus::Deleted).ok_or(Error::UserNotFound)
    }

    /// Sets the target in the audit row to a more specific one.
    pub(super) fn set_target(&mut self, target: impl Into<Target>) {
        self.targets = vec![target.into()];
    }

    /// Sets several targets, each of which gets an audit row.
    pub(super) fn set_targets(&mut self, targets: impl IntoIterator<Item = impl Into<Target>>) {
        self.targets = targets.into_iter().map(Into::into).collect();
    }

    /// Notes that nothing was changed, so that no audit row is written.
    pub(super) fn set_unchanged(&mut self) {
        self.targets.clear();
    }

    /// Executes the last statements together with the audit rows. Returns the number of these rows.
    fn finish(self, context: &AuditContext, action: Action) -> Result<usize, Error> {
        let Self { conn, now_ms, targets, mut last, .. } = self;
        let without_audit = last.len();
        last.extend(targets.iter().filter_map(|target| context.done(action, target, now_ms)));
        execute_together(conn, &last)?;
        Ok(last.len() - without_audit)
    }
}

/// Runs `work` on the caller's account while its row is locked. Fails if the account, the session or the admin token
/// has ended since the request was authenticated.
pub(super) async fn as_caller<T: Send + 'static>(
    gateway: &Gateway,
    caller: &Caller,
    action: Action,
    work: impl FnOnce(&mut UnitOfWork<'_, UserId>) -> Result<T, Error> + Clone + Send + Sync + 'static,
) -> Result<T, Error> {
    let (user, recheck) = (caller.user(), caller.clone());
    let recheck = move |conn: &mut Conn, now_ms: i64| recheck_caller(conn, &recheck, now_ms);
    let audit = Audit { context: AuditContext::of_caller(caller), action, target: user.into() };
    run(gateway, audit, Some(user), user, recheck, work).await
}

/// Changes the caller's own account by `statements`, which need no reads and change nothing else. Fails as
/// [`as_caller`] does, which does the same where one statement can't.
pub(super) async fn change_own(
    gateway: &Gateway,
    caller: &Caller,
    action: Action,
    statements: impl Fn(UserId) -> Vec<Statement> + Clone + Send + Sync + 'static,
) -> Result<(), Error> {
    let (user, now_ms) = (caller.user(), gateway.clock.now_ms());
    if let Some(token) = token_of(caller) {
        let authority = Authority { tenant: caller.tenant_id().clone(), account: user, token, now_ms };
        let (context, target) = (AuditContext::of_caller(caller), user.into());
        let together = || statements(user).into_iter().chain(context.done(action, &target, now_ms)).collect();
        if gateway.db.change_at_once(&authority, together).await? {
            gateway.metrics.accounts.audit_rows.inc_by(u64::from(context.is_audited(action)));
            return Ok(());
        }
    }
    as_caller(gateway, caller, action, move |tx| {
        tx.at_end(statements(tx.user));
        Ok(())
    })
    .await
}

/// The token behind a request.
fn token_of(caller: &Caller) -> Option<TokenId> {
    match caller.actor() {
        Actor::User(logged_in) => Some(TokenId::Session(logged_in.session)),
        Actor::Operator(OperatorKind::AdminToken(token, _)) => Some(TokenId::Admin(*token)),
        Actor::Operator(OperatorKind::CommandLine) => None,
    }
}

/// Runs `work` on the operator's tenant. Fails if the admin token has ended since the request was authenticated.
pub(super) async fn as_operator<T: Send + 'static>(
    gateway: &Gateway,
    operator: &Operator,
    action: Action,
    target: impl Into<Target>,
    work: impl FnOnce(&mut UnitOfWork<'_>) -> Result<T, Error> + Clone + Send + Sync + 'static,
) -> Result<T, Error> {
    let kind = operator.kind().clone();
    let recheck = move |conn: &mut Conn, now_ms: i64| recheck_operator(conn, &kind, now_ms);
    let audit = Audit { context: AuditContext::of_operator(operator), action, target: target.into() };
    run(gateway, audit, None, (), recheck, work).await
}

/// Runs `work` for a requester without a token. Locks the row of `account`, if it is known; `work` must check the
/// account itself.
pub(super) async fn as_anonymous<T: Send + 'static>(
    gateway: &Gateway,
    anonymous: &Anonymous,
    action: Action,
    account: Option<UserId>,
    work: impl FnOnce(&mut UnitOfWork<'_>) -> Result<T, Error> + Clone + Send + Sync + 'static,
) -> Result<T, Error> {
    let audit = Audit { context: AuditContext::of_anonymous(anonymous, account), action, target: String::new().into() };
    run(gateway, audit, account, (), |_, _| Ok(()), work).await
}

/// What the audit rows of a unit of work have in common, with the target unless `work` sets another one.
#[derive(Clone)]
struct Audit {
    context: AuditContext,
    action: Action,
    target: Target,
}

impl Audit {
    /// Writes the audit row of a refusal, if it has one. Returns the refusal, or why the row could not be written.
    async fn refused(self, gateway: &Gateway, refusal: Error, now_ms: i64) -> Error {
        if !(self.context.is_operator() && refusal.is_audited()) {
            return refusal;
        }
        match self.context.write_refusal(gateway, self.action, self.target, &refusal, now_ms).await {
            Ok(()) => refusal,
            Err(error) => error.into(),
        }
    }
}

async fn run<U: Clone + Send + Sync + 'static, T: Send + 'static>(
    gateway: &Gateway,
    audit: Audit,
    account: Option<UserId>,
    user: U,
    recheck: impl FnOnce(&mut Conn, i64) -> Result<(), Error> + Clone + Send + Sync + 'static,
    work: impl FnOnce(&mut UnitOfWork<'_, U>) -> Result<T, Error> + Clone + Send + Sync + 'static,
) -> Result<T, Error> {
    let now_ms = gateway.clock.now_ms();
    let Audit { context, action, target } = audit.clone();
    let queries = move |conn: &mut Conn| -> Result<(T, usize), Error> {
        recheck(conn, now_ms)?;
        let (tenant, targets) = (context.tenant_id(), vec![target]);
        let mut unit = UnitOfWork { conn, tenant, user, now_ms, targets, last: Vec::new() };
        let value = work(&mut unit)?;
        Ok((value, unit.finish(&context, action)?))
    };
    match gateway.db.write_to(account, queries).await {
        Ok((value, audit_rows)) => {
            gateway.metrics.accounts.audit_rows.inc_by(u64::try_from(audit_rows).unwrap_or_default());
            Ok(value)
        }
        Err(refusal) => Err(audit.refused(gateway, refusal, now_ms).await),
    }
}

/// Checks again that the account, the session or the admin token has not ended: it may have done so between
/// authentication and the lock.
fn recheck_caller(conn: &mut Conn, caller: &Caller, now_ms: i64) -> Result<(), Error> {
    let (tenant, user) = (caller.tenant_id(), caller.user());
    match caller.actor() {
        Actor::User(logged_in) if sessions::is_live(conn, tenant, user, logged_in.session)? => Ok(()),
        Actor::User(_) => Err(Error::TokenEnded),
        Actor::Operator(_) if !users::exists(conn, tenant, user)? => Err(Error::UserNotFound),
        Actor::Operator(kind) => recheck_operator(conn, kind, now_ms),
    }
}

/// Checks again that the admin token has not ended.
pub(super) fn recheck_operator(conn: &mut Conn, kind: &OperatorKind, now_ms: i64) -> Result<(), Error> {
    match kind {
        OperatorKind::CommandLine => Ok(()),
        OperatorKind::AdminToken(token, _) if admin_tokens::is_valid(conn, *token, now_ms)? => Ok(()),
        OperatorKind::AdminToken(..) => Err(Error::TokenEnded),
    }
}
