//! The node's cache of tenants, admin tokens, accounts and sessions (docs/adr/0010-cache-and-changes.md).
//!
//! A kick must take effect within a second, so no entry may be stale for longer. Every change evicts the entries that
//! it affects ([`Cache::evict`]), and the cache is used only for a short lease after each successful poll of the change
//! feed ([`Cache::extend_lease`]).

mod evictions;
mod lifecycle;
mod sizes;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use foldhash::fast::RandomState;
use quick_cache::{UnitWeighter, sync};

use self::{
    evictions::Evictions,
    lifecycle::CountsEvictions,
    sizes::{ByBytes, with_room_for},
};
use crate::{
    metrics,
    model::{
        Activity, AdminToken, Change, PublicDetails, Remarks, Session, SessionId, Tenant, TenantId, TokenHash, User,
        UserId,
    },
};

/// Maximum age of an entry. It bounds the staleness of what the feed does not report: changes that bypass the triggers,
/// and the activity of accounts.
const MAX_AGE: Duration = Duration::from_secs(10 * 60);

/// The cache of one node.
pub struct Cache {
    tenants: sync::Cache<TenantId, Arc<TenantEntry>, UnitWeighter, RandomState>,
    accounts: sync::Cache<UserId, Arc<Account>, ByBytes, RandomState, CountsEvictions>,
    /// The account that each token belongs to. The sessions are part of the account's entry, so that evicting an
    /// account evicts its sessions too.
    owners: sync::Cache<TokenHash, UserId, UnitWeighter, RandomState>,
    evictions: Evictions,
    started: Instant,
    /// The end of the lease, in ms since `started`.
    trusted_until_ms: AtomicU64,
    is_on: bool,
    metrics: metrics::Cache,
}

/// The cached data of a tenant.
#[derive(Clone)]
struct TenantEntry {
    since: Instant,
    tenant: Option<Tenant>,
    admin_tokens: Vec<(TokenHash, AdminToken)>,
}

/// The cached data of an account; each part is filled on its first miss.
#[derive(Clone)]
struct Account {
    tenant: TenantId,
    since: Instant,
    /// The row and the public details, which are read together.
    profile: Option<(Arc<User>, Arc<PublicDetails>)>,
    remarks: Option<Arc<Remarks>>,
    sessions: Vec<(TokenHash, Session)>,
}

/// Taken before the database is read. A fill with this token is dropped if its key was evicted since.
#[derive(Clone, Copy)]
pub struct FillToken(Option<u64>);

impl Cache {
    /// A cache with `bytes` of memory for accounts; 0 disables it.
    #[must_use]
    pub fn new(bytes: u64, metrics: metrics::Cache) -> Self {
        const TENANTS: usize = 1000;
        const TYPICAL_BYTES: u64 = 1024;
        let accounts = usize::try_from(bytes / TYPICAL_BYTES).unwrap_or(usize::MAX).max(1);
        Self {
            tenants: with_room_for(TENANTS),
            accounts: sync::Cache::with(
                accounts,
                bytes,
                ByBytes,
                RandomState::default(),
                CountsEvictions::new(metrics.evictions_by_space.clone()),
            ),
            owners: with_room_for(accounts.saturating_mul(2)),
            evictions: Evictions::default(),
            started: Instant::now(),
            trusted_until_ms: AtomicU64::new(0),
            is_on: bytes > 0,
            metrics,
        }
    }

    /// Extends the lease until `lease` after `polled`. All changes up to `polled` must have been applied.
    pub fn extend_lease(&self, polled: Instant, lease: Duration) {
        let until = polled.duration_since(self.started).saturating_add(lease);
        self.trusted_until_ms.store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether the cache is enabled and its lease has not expired.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.trusted_at(Instant::now())
    }

    fn trusted_at(&self, now: Instant) -> bool {
        let now_ms = u64::try_from(now.duration_since(self.started).as_millis()).unwrap_or(u64::MAX);
        self.is_on && now_ms < self.trusted_until_ms.load(Ordering::Relaxed)
    }

    /// A token for a fill, to be taken before the database is read.
    #[must_use]
    pub fn fill_token(&self) -> FillToken {
        FillToken(self.is_trusted().then(|| self.evictions.now()))
    }

    /// The tenant, if it is cached.
    #[must_use]
    pub fn tenant(&self, id: &TenantId) -> Option<Tenant> {
        self.metrics.tenants.count(self.tenant_entry(id).and_then(|entry| entry.tenant.clone()))
    }

    /// The tenant's admin token with that hash, if it is cached.
    #[must_use]
    pub fn admin_token(&self, tenant: &TenantId, hash: &TokenHash) -> Option<AdminToken> {
        let found = self.tenant_entry(tenant).and_then(|entry| find(&entry.admin_tokens, hash));
        self.metrics.admin_tokens.count(found)
    }

    /// The session of a token, if it is cached. It may have expired, but was not ended, and its account is active.
    #[must_use]
    pub fn session(&self, tenant: &TenantId, hash: &TokenHash) -> Option<Session> {
        let account = self.owners.get(hash).and_then(|owner| self.account(tenant, owner));
        self.metrics.sessions.count(account.and_then(|account| find(&account.sessions, hash)))
    }

    /// The account's row, if it is cached.
    #[must_use]
    pub fn user(&self, tenant: &TenantId, id: UserId) -> Option<Arc<User>> {
        self.metrics.users.count(self.profile(tenant, id).map(|(user, _)| user))
    }

    /// The account's row and public details, if they are cached.
    #[must_use]
    pub fn public_account(&self, tenant: &TenantId, id: UserId) -> Option<(Arc<User>, Arc<PublicDetails>)> {
        self.metrics.public_details.count(self.metrics.users.count(self.profile(tenant, id)))
    }

    fn profile(&self, tenant: &TenantId, id: UserId) -> Option<(Arc<User>, Arc<PublicDetails>)> {
        self.account(tenant, id).and_then(|account| account.profile.clone())
    }

    /// The remarks of the account, if they are cached.
    #[must_use]
    pub fn remarks(&self, tenant: &TenantId, id: UserId) -> Option<Arc<Remarks>> {
        self.metrics.remarks.count(self.account(tenant, id).and_then(|account| account.remarks.clone()))
    }

    fn tenant_entry(&self, id: &TenantId) -> Option<Arc<TenantEntry>> {
        let now = Instant::now();
        if !self.trusted_at(now) {
            return None;
        }
        self.tenants.get(id).filter(|entry| now.duration_since(entry.since) < MAX_AGE)
    }

    fn account(&self, tenant: &TenantId, id: UserId) -> Option<Arc<Account>> {
        let now = Instant::now();
        if !self.trusted_at(now) {
            return None;
        }
        let is_fresh = |account: &Arc<Account>| now.duration_since(account.since) < MAX_AGE;
        self.accounts.get(&id).filter(|account| account.tenant == *tenant && is_fresh(account))
    }

    /// Caches a tenant.
    pub fn put_tenant(&self, token: FillToken, tenant: &Tenant) {
        self.fill_tenant(token, &tenant.id, |entry| entry.tenant = Some(tenant.clone()));
    }

    /// Caches an admin token.
    pub fn put_admin_token(&self, token: FillToken, tenant: &TenantId, hash: TokenHash, known: &AdminToken) {
        self.fill_tenant(token, tenant, |entry| put(&mut entry.admin_tokens, hash, known.clone()));
    }

    /// Caches a session, which must not be ended and whose account must be active.
    pub fn put_session(&self, token: FillToken, tenant: &TenantId, hash: TokenHash, session: &Session) {
        self.fill_account(token, tenant, session.user, |account| {
            put(&mut account.sessions, hash, session.clone());
            self.owners.insert(hash, session.user);
        });
    }

    /// Caches an account's row and public details.
    pub fn put_public_account(
        &self,
        token: FillToken,
        tenant: &TenantId,
        user: &Arc<User>,
        details: &Arc<PublicDetails>,
    ) {
        let profile = (Arc::clone(user), Arc::clone(details));
        self.fill_account(token, tenant, user.id, |account| account.profile = Some(profile));
    }

    /// Caches the remarks of an account.
    pub fn put_remarks(&self, token: FillToken, tenant: &TenantId, id: UserId, remarks: &Arc<Remarks>) {
        self.fill_account(token, tenant, id, |account| account.remarks = Some(Arc::clone(remarks)));
    }

    /// Updates the activity in a cached account and, if given, in one of its sessions: the feed does not report
    /// activity.
    pub fn note_activity(&self, user: UserId, session: Option<SessionId>, activity: Activity) {
        let _stripe = self.evictions.lock(&user);
        let Some(known) = self.accounts.get(&user) else { return };
        let mut account = Arc::unwrap_or_clone(known);
        if let Some((user, _)) = &mut account.profile {
            Arc::make_mut(user).activity = activity;
        }
        for (_, cached) in account.sessions.iter_mut().filter(|(_, cached)| Some(cached.id) == session) {
            cached.last_used_at_ms = activity.last_active_at_ms;
        }
        self.accounts.insert(user, Arc::new(account));
    }

    fn fill_tenant(&self, token: FillToken, id: &TenantId, change: impl FnOnce(&mut TenantEntry)) {
        let Some(_stripe) = self.evictions.lock_to_fill(token, id) else { return };
        let new = || TenantEntry { since: Instant::now(), tenant: None, admin_tokens: Vec::new() };
        let mut entry = self.tenant_entry(id).map_or_else(new, Arc::unwrap_or_clone);
        change(&mut entry);
        self.tenants.insert(id.clone(), Arc::new(entry));
    }

    fn fill_account(&self, token: FillToken, tenant: &TenantId, id: UserId, change: impl FnOnce(&mut Account)) {
        let Some(_stripe) = self.evictions.lock_to_fill(token, &id) else { return };
        let new = || Account {
            tenant: tenant.clone(),
            since: Instant::now(),
            profile: None,
            remarks: None,
            sessions: Vec::new(),
        };
        let mut account = self.account(tenant, id).map_or_else(new, Arc::unwrap_or_clone);
        change(&mut account);
        self.accounts.insert(id, Arc::new(account));
    }

    /// Sets the gauges of the cache's size and state.
    pub fn measure(&self) {
        metrics::set(&self.metrics.bytes, self.accounts.weight());
        metrics::set(&self.metrics.trusted, self.is_trusted());
    }

    /// Evicts the entries that a change affects.
    pub fn evict(&self, change: &Change) {
        let was_cached = match change {
            Change::Tenant(tenant) => {
                let _stripe = self.evictions.lock_to_evict(tenant);
                self.tenants.remove(tenant).is_some()
            }
            Change::User(user) | Change::SessionEnded(user, _) => {
                let _stripe = self.evictions.lock_to_evict(user);
                self.accounts.remove(user).is_some()
            }
        };
        if was_cached {
            self.metrics.evictions_by_change.inc();
        }
    }

    /// Evicts everything.
    pub fn evict_all(&self) {
        let _all = self.evictions.lock_all_to_evict();
        self.tenants.clear();
        self.accounts.clear();
        self.owners.clear();
    }
}

fn find<T: Clone>(list: &[(TokenHash, T)], hash: &TokenHash) -> Option<T> {
    list.iter().find(|(known, _)| known == hash).map(|(_, value)| value.clone())
}

/// Inserts `value` under `hash`, and drops the oldest entry of a full list.
fn put<T>(list: &mut Vec<(TokenHash, T)>, hash: TokenHash, value: T) {
    const MAX: usize = 100;
    list.retain(|(known, _)| *known != hash);
    if list.len() >= MAX {
        list.remove(0);
    }
    list.push((hash, value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountStatus, DeviceSn};

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
        let cache = Cache::new(bytes, metrics::Metrics::new("", "", "").unwrap().cache);
        cache.extend_lease(Instant::now(), Duration::from_secs(60));
        cache
    }

    fn tenant() -> TenantId {
        TenantId::stored("default".to_owned())
    }

    #[test]
    fn an_entry_is_a_hit_for_its_tenant_until_it_is_evicted() {
        let cache = trusted(1 << 20);
        cache.put_session(cache.fill_token(), &tenant(), hash(7), &session(7));
        assert_eq!(cache.session(&tenant(), &hash(7)).unwrap().user, UserId::stored(7));
        assert!(cache.session(&TenantId::stored("other".to_owned()), &hash(7)).is_none());
        cache.evict(&Change::User(UserId::stored(8)));
        assert!(cache.session(&tenant(), &hash(7)).is_some());
        cache.evict(&Change::SessionEnded(UserId::stored(7), SessionId(7)));
        assert!(cache.session(&tenant(), &hash(7)).is_none());
    }

    #[test]
    fn a_value_read_before_an_eviction_is_not_cached_after_it() {
        let cache = trusted(1 << 20);
        for evict in [|cache: &Cache| cache.evict(&Change::User(UserId::stored(7))), Cache::evict_all] {
            let token = cache.fill_token();
            evict(&cache);
            cache.put_session(token, &tenant(), hash(7), &session(7));
            assert!(cache.session(&tenant(), &hash(7)).is_none());
        }
    }

    #[test]
    fn an_eviction_does_not_block_fills_of_other_accounts() {
        let cache = trusted(1 << 20);
        let token = cache.fill_token();
        cache.evict(&Change::User(UserId::stored(7)));
        let others = 1000..1100;
        for user in others.clone() {
            cache.put_session(token, &tenant(), hash(user), &session(user));
        }
        let cached = others.filter(|user| cache.session(&tenant(), &hash(*user)).is_some()).count();
        assert!(cached > 90, "{cached}");
    }

    #[test]
    fn without_a_lease_every_lookup_misses_and_no_fill_is_kept() {
        let cache = trusted(1 << 20);
        cache.put_session(cache.fill_token(), &tenant(), hash(7), &session(7));
        cache.extend_lease(Instant::now(), Duration::ZERO);
        assert!(cache.session(&tenant(), &hash(7)).is_none());
        cache.put_session(cache.fill_token(), &tenant(), hash(9), &session(9));
        cache.extend_lease(Instant::now(), Duration::from_secs(60));
        assert!(cache.session(&tenant(), &hash(9)).is_none());
    }

    #[test]
    fn many_accounts_take_bounded_memory() {
        let cache = trusted(64 * 1024);
        for user in 0..10_000 {
            cache.put_session(cache.fill_token(), &tenant(), hash(user), &session(user));
        }
        assert!(cache.accounts.weight() <= 64 * 1024);
        assert!(cache.owners.len() <= 200);
        assert!(cache.session(&tenant(), &hash(9_999)).is_some());
        let evicted = cache.metrics.evictions_by_space.get();
        assert_eq!(u64::try_from(cache.accounts.len()).unwrap() + evicted, 10_000);
    }
}
