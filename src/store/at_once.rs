//! Changes of an account in one round trip (PostgreSQL): one statement, which is a transaction of its own.
//!
//! Without BEGIN and COMMIT around it nothing can stop it once it is sent. So it does not wait for a locked row, and a
//! request that is given up while it runs finds it done, as it finds a COMMIT.

use diesel::{dsl::exists, pg::Pg, prelude::*, query_builder::QueryFragment};
use tokio::sync::oneshot;

use super::{
    Conn, Db, QueriesError as _, StoreError,
    schema::{admin_tokens, sessions, users},
    statements::{Statement, execute_alone_if},
};
use crate::{
    logging,
    metrics::Queued,
    model::{AccountStatus, AdminTokenId, Change, FeedEntry, SessionId, TenantId, UserId},
    random::Random,
};

/// What a change of an account depends on.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The account's tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: UserId,
    /// The token that must be valid.
    pub token: TokenId,
    /// The time at which it must be.
    pub now_ms: i64,
}

/// A token of a request.
#[derive(Clone, Copy, Debug)]
pub enum TokenId {
    /// The token of a session of the account.
    Session(SessionId),
    /// An admin token.
    Admin(AdminTokenId),
}

impl Authority {
    /// Finds and locks the account's row, if the token is valid and nobody else has locked the row.
    fn query(&self) -> Box<dyn QueryFragment<Pg> + Send> {
        let account = users::table
            .select(users::id)
            .filter(users::id.eq(self.account.get()))
            .filter(users::app_id.eq(self.tenant.as_str().to_owned()));
        match self.token {
            TokenId::Session(id) => {
                let live = sessions::table
                    .filter(sessions::id.eq(id.0))
                    .filter(sessions::user_id.eq(self.account.get()))
                    .filter(sessions::ended_at_ms.is_null());
                let active = account.filter(users::status.eq(AccountStatus::Active.code()));
                Box::new(active.filter(exists(live)).for_no_key_update().skip_locked())
            }
            TokenId::Admin(id) => {
                let valid = admin_tokens::table
                    .filter(admin_tokens::id.eq(id.0))
                    .filter(admin_tokens::revoked_at_ms.is_null())
                    .filter(admin_tokens::expires_at_ms.is_null().or(admin_tokens::expires_at_ms.gt(self.now_ms)));
                let present = account.filter(users::status.ne(AccountStatus::Deleted.code()));
                Box::new(present.filter(exists(valid)).for_no_key_update().skip_locked())
            }
        }
    }
}

impl Db {
    /// Executes `statements`, which change nothing but data of the account, in one round trip. False if nothing was
    /// changed: it is not allowed (any more), the row is locked, or the database can't do it. The caller then does the
    /// same in a transaction, which finds out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database does not answer in time, or refuses it again and again because of
    /// other transactions.
    pub async fn change_at_once(
        &self,
        authority: &Authority,
        statements: impl Fn() -> Vec<Statement>,
    ) -> Result<bool, StoreError> {
        // Through PgBouncer the limits of a statement are set by its transaction.
        if self.url.is_embedded() || self.is_pooled {
            return Ok(false);
        }
        self.in_time(self.with_retries(async || {
            let (answer, answered) = oneshot::channel();
            self.pool()?.submit(Box::new(self.change(authority.clone(), statements(), answer))).await?;
            answered.await.unwrap_or(Ok(false))
        }))
        .await
    }

    fn change(
        &self,
        authority: Authority,
        statements: Vec<Statement>,
        answer: oneshot::Sender<Result<bool, StoreError>>,
    ) -> impl FnOnce(Result<&mut Conn, StoreError>) + use<> {
        let (queued, request) = (self.queued(|metrics| &metrics.requests), logging::current_request());
        let on_commit = self.on_commit.clone();
        move |conn| {
            let _running = queued.map(Queued::begin);
            // Without an answer the caller takes it that nothing was changed; or it has stopped waiting.
            let (Ok(Conn::Postgres(conn)), false) = (conn, answer.is_closed()) else { return };
            let outcome = logging::on_this_thread(request, || execute_alone_if(conn, &*authority.query(), &statements));
            if let (Ok(()), Some(on_commit)) = (&outcome, on_commit) {
                // The entry in the database has another id, so the account is evicted once more when it is read.
                let id = i64::from_ne_bytes(Random.number().to_ne_bytes()) | i64::MIN;
                on_commit(&[FeedEntry { id, change: Change::User(authority.account) }]);
            }
            let outcome = match outcome.map_err(StoreError::from) {
                Err(error) if !error.is_refused() => Ok(false),
                outcome => outcome.map(|()| true),
            };
            answer.send(outcome).ok();
        }
    }
}
