//! What this node remembers of tenants, accounts and sessions, so that most requests need not ask the database
//! (docs/adr/0010-cache-and-changes.md).
//!
//! It may never be older than a kick. Whatever changes is told to [`Cache::forget`]; while this node can't be sure to hear
//! of changes, nothing is remembered and nothing that was remembered is given ([`Cache::trust_for`],
//! [`Cache::set_hearing`]).

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use quick_cache::{Weighter, sync};

use crate::model::{Change, PublicDetails, Session, Tenant, TenantId, TokenHash, User, UserId};

/// Nothing is remembered for longer, in case someone changed the database in ways that it does not tell of.
const MAX_AGE: Duration = Duration::from_secs(10 * 60);

/// The memory of this node.
pub struct Cache {
    tenants: sync::Cache<TenantId, Tenant>,
    accounts: sync::Cache<UserId, Arc<Account>, ByBytes>,
    /// Whose a token is; the session itself is with the account, so that forgetting that forgets all.
    owners: sync::Cache<TokenHash, UserId>,
    /// Counts what was forgotten: what was read before must not be remembered after.
    forgotten: Mutex<u64>,
    started: Instant,
    /// Since `started`, in ms.
    trusted_until_ms: AtomicU64,
    is_hearing: AtomicBool,
    is_on: bool,
}

/// What is remembered of an account; its parts are read when they are needed.
#[derive(Clone)]
struct Account {
    app: TenantId,
    since: Instant,
    user: Option<Arc<User>>,
    public_details: Option<Arc<PublicDetails>>,
    sessions: Vec<(TokenHash, Session)>,
}

/// Taken before the database is asked: what it answers is remembered only if nothing was forgotten meanwhile.
#[derive(Clone, Copy)]
pub struct FillToken(Option<u64>);

#[derive(Clone)]
struct ByBytes;

impl Weighter<UserId, Arc<Account>> for ByBytes {
    fn weight(&self, _: &UserId, account: &Arc<Account>) -> u64 {
        const FRAME: usize = 512;
        const SESSION: usize = 128;
        let user = account.user.as_deref().map_or(0, User::text_bytes);
        let public_details = account.public_details.as_deref().map_or(0, PublicDetails::text_bytes);
        u64::try_from(FRAME + user + public_details + account.sessions.len() * SESSION).unwrap_or(u64::MAX)
    }
}

impl Cache {
    /// A memory of `bytes` for accounts; 0 remembers nothing.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        const TENANTS: usize = 1000;
        const TYPICAL_BYTES: u64 = 1024;
        let accounts = usize::try_from(bytes / TYPICAL_BYTES).unwrap_or(usize::MAX).max(1);
        Self {
            tenants: sync::Cache::new(TENANTS),
            accounts: sync::Cache::with_weighter(accounts, bytes, ByBytes),
            owners: sync::Cache::new(accounts.saturating_mul(2)),
            forgotten: Mutex::new(0),
            started: Instant::now(),
            trusted_until_ms: AtomicU64::new(0),
            is_hearing: AtomicBool::new(false),
            is_on: bytes > 0,
        }
    }

    /// Says that all changes up to now were heard of, and that what is remembered is good enough for so long.
    pub fn trust_for(&self, asked: Instant, lease: Duration) {
        let until = asked.duration_since(self.started).saturating_add(lease);
        self.trusted_until_ms.store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Says whether this node hears of what others change when they change it.
    pub fn set_hearing(&self, is_hearing: bool) {
        self.is_hearing.store(is_hearing, Ordering::Relaxed);
        self.forget_all();
    }

    /// Whether what is remembered may be given.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        let now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.is_on && self.is_hearing.load(Ordering::Relaxed) && now_ms < self.trusted_until_ms.load(Ordering::Relaxed)
    }

    /// A fill token for what will be read from the database now.
    #[must_use]
    pub fn fill_token(&self) -> FillToken {
        let forgotten = *self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        FillToken(self.is_trusted().then_some(forgotten))
    }

    /// The tenant, if it is remembered.
    #[must_use]
    pub fn tenant(&self, app: &TenantId) -> Option<Tenant> {
        if self.is_trusted() { self.tenants.get(app) } else { None }
    }

    /// The session behind a token in that app, if it is remembered; it has not ended early, and its account is active.
    #[must_use]
    pub fn session(&self, app: &TenantId, hash: &TokenHash) -> Option<Session> {
        if !self.is_trusted() {
            return None;
        }
        let account = self.account(app, self.owners.get(hash)?)?;
        account.sessions.iter().find(|(known, _)| known == hash).map(|(_, session)| session.clone())
    }

    /// The account's row, if it is remembered.
    #[must_use]
    pub fn user(&self, app: &TenantId, id: UserId) -> Option<Arc<User>> {
        self.account(app, id)?.user.clone()
    }

    /// What the account shows beside its row, if it is remembered.
    #[must_use]
    pub fn public_details(&self, app: &TenantId, id: UserId) -> Option<Arc<PublicDetails>> {
        self.account(app, id)?.public_details.clone()
    }

    fn account(&self, app: &TenantId, id: UserId) -> Option<Arc<Account>> {
        if !self.is_trusted() {
            return None;
        }
        self.accounts.get(&id).filter(|account| account.app == *app && account.since.elapsed() < MAX_AGE)
    }

    /// Remembers a tenant.
    pub fn keep_tenant(&self, fill_token: FillToken, tenant: &Tenant) {
        self.keep(fill_token, || self.tenants.insert(tenant.id.clone(), tenant.clone()));
    }

    /// Remembers a session that has not ended, of an account that is active.
    pub fn keep_session(&self, fill_token: FillToken, app: &TenantId, hash: TokenHash, session: &Session) {
        self.keep_in_account(fill_token, app, session.user, |account| {
            account.sessions.retain(|(known, _)| *known != hash);
            account.sessions.push((hash, session.clone()));
        });
        self.keep(fill_token, || self.owners.insert(hash, session.user));
    }

    /// Remembers an account's row.
    pub fn keep_user(&self, fill_token: FillToken, app: &TenantId, user: &Arc<User>) {
        self.keep_in_account(fill_token, app, user.id, |account| account.user = Some(Arc::clone(user)));
    }

    /// Remembers what an account shows beside its row.
    pub fn keep_public_details(
        &self,
        fill_token: FillToken,
        app: &TenantId,
        id: UserId,
        public_details: &Arc<PublicDetails>,
    ) {
        self.keep_in_account(fill_token, app, id, |account| account.public_details = Some(Arc::clone(public_details)));
    }

    fn keep_in_account(&self, fill_token: FillToken, app: &TenantId, id: UserId, change: impl FnOnce(&mut Account)) {
        self.keep(fill_token, || {
            let known = self.account(app, id).map(Arc::unwrap_or_clone);
            let new = || Account {
                app: app.clone(),
                since: Instant::now(),
                user: None,
                public_details: None,
                sessions: Vec::new(),
            };
            let mut account = known.unwrap_or_else(new);
            change(&mut account);
            self.accounts.insert(id, Arc::new(account));
        });
    }

    /// Remembers something unless anything was forgotten since the fill token was taken.
    fn keep(&self, FillToken(taken): FillToken, insert: impl FnOnce()) {
        let forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        if taken == Some(*forgotten) {
            insert();
        }
    }

    /// Forgets what changed.
    pub fn forget(&self, change: &Change) {
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        *forgotten += 1;
        match change {
            Change::Tenant(app) => drop(self.tenants.remove(app)),
            Change::User(user) | Change::SessionEnded(user, _) => drop(self.accounts.remove(user)),
        }
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        *forgotten += 1;
        self.tenants.clear();
        self.accounts.clear();
        self.owners.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountStatus, DeviceSn, SessionId};

    fn session(user: i64) -> Session {
        Session {
            id: SessionId(user),
            user: UserId::stored(user),
            device: DeviceSn(1),
            status: AccountStatus::Active,
            last_used_at_ms: 0,
            expires_at_ms: 1,
            is_ended: false,
        }
    }

    fn hash(user: i64) -> TokenHash {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&user.to_be_bytes());
        TokenHash(bytes)
    }

    fn trusted(bytes: u64) -> Cache {
        let cache = Cache::new(bytes);
        cache.set_hearing(true);
        cache.trust_for(Instant::now(), Duration::from_secs(60));
        cache
    }

    fn app() -> TenantId {
        TenantId::stored("default".to_owned())
    }

    #[test]
    fn what_is_cached_is_given_in_its_app_until_it_changes() {
        let cache = trusted(1 << 20);
        cache.keep_session(cache.fill_token(), &app(), hash(7), &session(7));
        assert_eq!(cache.session(&app(), &hash(7)).unwrap().user, UserId::stored(7));
        assert!(cache.session(&TenantId::stored("other".to_owned()), &hash(7)).is_none());
        cache.forget(&Change::User(UserId::stored(8)));
        assert!(cache.session(&app(), &hash(7)).is_some());
        cache.forget(&Change::SessionEnded(UserId::stored(7), SessionId(7)));
        assert!(cache.session(&app(), &hash(7)).is_none());
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let cache = trusted(1 << 20);
        let fill_token = cache.fill_token();
        cache.forget(&Change::User(UserId::stored(7)));
        cache.keep_session(fill_token, &app(), hash(7), &session(7));
        assert!(cache.session(&app(), &hash(7)).is_none());
    }

    #[test]
    fn without_trust_nothing_is_given_and_nothing_remembered() {
        let cache = trusted(1 << 20);
        cache.keep_session(cache.fill_token(), &app(), hash(7), &session(7));
        cache.set_hearing(false);
        assert!(cache.session(&app(), &hash(7)).is_none());
        cache.keep_session(cache.fill_token(), &app(), hash(8), &session(8));
        cache.set_hearing(true);
        assert!(cache.session(&app(), &hash(7)).is_none());
        assert!(cache.session(&app(), &hash(8)).is_none());
        cache.trust_for(Instant::now(), Duration::ZERO);
        cache.keep_session(cache.fill_token(), &app(), hash(9), &session(9));
        cache.trust_for(Instant::now(), Duration::from_secs(60));
        assert!(cache.session(&app(), &hash(9)).is_none());
    }

    #[test]
    fn a_flood_of_accounts_needs_bounded_memory() {
        let cache = trusted(64 * 1024);
        for user in 0..10_000 {
            cache.keep_session(cache.fill_token(), &app(), hash(user), &session(user));
        }
        assert!(cache.accounts.weight() <= 64 * 1024);
        assert!(cache.owners.len() <= 200);
        assert!(cache.session(&app(), &hash(9_999)).is_some());
    }
}
