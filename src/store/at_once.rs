//! Changes of an account in one round trip (PostgreSQL): one statement, which is a transaction of its own.
//!
//! Without BEGIN and COMMIT around it nothing can stop it once it is sent. So it is sent only while the request waits for
//! longer than it can take, and does not wait for a locked row. Only if the database falls silent the request does not
//! learn whether the change was made, as it is with COMMIT.

use std::time::{Duration, Instant};

use diesel::prelude::*;

use super::{
    Conn, Db, StoreError,
    connect::{LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS},
    schema::{admin_tokens, sessions, users},
    statements::{Condition, Statement, execute_alone_if},
    transaction::OnCommit,
};
use crate::{
    model::{AccountStatus, AdminTokenId, Change, FeedEntry, SessionId, TenantId, UserId},
    random::Random,
    time_limit,
};

/// The longest time until PostgreSQL answers: it may wait for the lock of a table while it prepares the statement.
const LONGEST: Duration = Duration::from_millis(LOCK_TIMEOUT_MS + STATEMENT_TIMEOUT_MS);

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
    /// That the account may be changed, and that the token is valid. Whoever has a row locked may be about to end either,
    /// so it counts as missing. Both rows are locked, since who ends a session changes nothing in the row of its account.
    fn conditions(&self) -> [Condition; 2] {
        let account = users::table
            .select(users::id)
            .filter(users::id.eq(self.account.get()))
            .filter(users::app_id.eq(self.tenant.as_str().to_owned()));
        match self.token {
            TokenId::Session(id) => {
                let active = account.filter(users::status.eq(AccountStatus::Active.code()));
                let live = sessions::table
                    .select(sessions::id)
                    .filter(sessions::id.eq(id.0))
                    .filter(sessions::user_id.eq(self.account.get()))
                    .filter(sessions::ended_at_ms.is_null());
                [Box::new(active.for_no_key_update().skip_locked()), Box::new(live.for_share().skip_locked())]
            }
            TokenId::Admin(id) => {
                let present = account.filter(users::status.ne(AccountStatus::Deleted.code()));
                let valid = admin_tokens::table
                    .select(admin_tokens::id)
                    .filter(admin_tokens::id.eq(id.0))
                    .filter(admin_tokens::revoked_at_ms.is_null())
                    .filter(admin_tokens::expires_at_ms.is_null().or(admin_tokens::expires_at_ms.gt(self.now_ms)));
                [Box::new(present.for_no_key_update().skip_locked()), Box::new(valid.for_share().skip_locked())]
            }
        }
    }
}

impl Db {
    /// Executes `statements`, which change nothing but data of the account, in one round trip. False if nothing was
    /// changed: it is not allowed (any more), a row is locked, there is too little time, or the database can't do it. The
    /// caller then does the same in a transaction, which finds out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database does not answer in time, or [`StoreError::Refused`] if it refuses
    /// again and again because of other transactions.
    pub async fn change_at_once(
        &self,
        authority: &Authority,
        statements: impl Fn() -> Vec<Statement>,
    ) -> Result<bool, StoreError> {
        // Through PgBouncer the limits of a statement are set by its transaction.
        if self.url.is_embedded() || self.is_pooled {
            return Ok(false);
        }
        let answered_until = Instant::now() + time_limit::left();
        self.in_time(self.with_retries(async || {
            let (authority, statements, on_commit) = (authority.clone(), statements(), self.on_commit.clone());
            self.on_connection(move |conn| {
                let is_in_time = answered_until.saturating_duration_since(Instant::now()) > LONGEST;
                if is_in_time { change(conn, &authority, &statements, on_commit.as_ref()) } else { Ok(false) }
            })
            .await
        }))
        .await
    }
}

fn change(
    conn: &mut Conn,
    authority: &Authority,
    statements: &[Statement],
    on_commit: Option<&OnCommit>,
) -> Result<bool, StoreError> {
    let Conn::Postgres(conn) = conn else { return Ok(false) };
    match execute_alone_if(conn, &authority.conditions(), statements).map_err(StoreError::from) {
        Ok(()) => {}
        Err(StoreError::Taken | StoreError::Query(_)) => return Ok(false),
        Err(error @ (StoreError::Unavailable(_) | StoreError::Refused(_) | StoreError::Unfinished)) => {
            return Err(error);
        }
    }
    if let Some(on_commit) = on_commit {
        // The entry in the database has another id, so the account is evicted once more when it is read.
        let id = i64::from_ne_bytes(Random.number().to_ne_bytes()) | i64::MIN;
        on_commit(&[FeedEntry { id, change: Change::User(authority.account) }]);
    }
    Ok(true)
}
