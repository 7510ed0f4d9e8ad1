//! Test support: a gateway built like the real one, except for a manual clock, a low bcrypt cost and a database of its
//! own; and clients that use the public API only.

mod backend;
mod browser;
mod client;
mod codes;
mod database;
mod dev;
mod findings;
mod log;
mod node;
mod postgres_sets;
mod proxy;
mod receivers;
mod redis_sets;
mod running;
mod servers;
mod shell;
mod tls;
mod webhooks;

use std::{
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{
    rt::{spawn, task::JoinHandle},
    web::Data,
};
use diglot::{
    clock::{Clock, SystemClock},
    config::{Config, Flags, Values},
    domain::{Operator, background, tenants},
    gateway::Gateway,
    model::TenantId,
    transport::{Face, Readiness, http_app},
};
use serde_json::json;
use tokio::task::yield_now;

pub use backend::{Backend, server_urls};
pub use browser::{Browser, Look};
pub use client::{Client, Request, Res};
pub use codes::CodeApp;
pub use database::AuditRow;
pub use dev::Dev;
pub use findings::Findings;
pub use log::{are_logs_searched, keep_log, logged};
pub use node::{Node, agent, post};
pub use proxy::Proxy;
pub use receivers::{Post, SmsReceiver, SmtpServer};
pub use redis_sets::{Alone, Cluster, Watched};
pub use running::{Running, get, raw, status};
pub use servers::{OwnServer, free_address, signal, small_disk};
pub use shell::Shell;
pub use tls::{Certificate, collect};
pub use webhooks::{Reaction, WebhookReceiver};

/// 2026-01-02T03:04:05Z.
pub const START_MS: i64 = 1_767_323_045_000;
pub const MINUTE_MS: i64 = 60_000;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A clock that tests set.
pub struct ManualClock {
    wall_ms: AtomicI64,
    steady_ms: AtomicI64,
}

impl ManualClock {
    pub const fn new(now_ms: i64) -> Self {
        Self { wall_ms: AtomicI64::new(now_ms), steady_ms: AtomicI64::new(0) }
    }

    /// Lets time pass.
    pub fn advance(&self, ms: i64) {
        assert!(ms >= 0, "time does not pass backwards: use step");
        self.step(ms);
        self.steady_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets the wall clock forward or back, as an administrator or NTP does, while no time passes.
    pub fn step(&self, ms: i64) {
        self.wall_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets the clock to the system's time, which separate processes use.
    pub fn set_to_now(&self) {
        self.wall_ms.store(SystemClock.now_ms(), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.wall_ms.load(Ordering::Relaxed)
    }

    fn steady_ms(&self) -> i64 {
        self.steady_ms.load(Ordering::Relaxed)
    }
}

/// A gateway of one test.
pub struct TestApp {
    pub gateway: Data<Gateway>,
    pub clock: Arc<ManualClock>,
    app_face: Client,
    web_face: Client,
    follower: JoinHandle<()>,
    // The last field, so that it is dropped after everything that uses it.
    backend: Arc<Backend>,
}

impl TestApp {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A gateway with a changed configuration.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(Backend::new(), change).await
    }

    /// A gateway on that backend.
    pub async fn on(backend: Backend, change: impl FnOnce(&mut Config)) -> Self {
        let backend = Arc::new(backend);
        let mut config = backend.config();
        change(&mut config);
        let clock = Arc::new(ManualClock::new(START_MS));
        let t = Self::node(backend, config, clock).await;
        tenants::create(&t.gateway, &command_line("default")).await.unwrap();
        t
    }

    /// Another node on the same database and state.
    pub async fn another_node(&self) -> Self {
        self.node_with(self.gateway.config.clone()).await
    }

    /// Another node with this configuration.
    pub async fn node_with(&self, config: Config) -> Self {
        Self::node(Arc::clone(&self.backend), config, Arc::clone(&self.clock)).await
    }

    async fn node(backend: Arc<Backend>, config: Config, clock: Arc<ManualClock>) -> Self {
        keep_log();
        let gateway = Data::new(Gateway::build(config, Arc::clone(&clock) as Arc<dyn Clock>).unwrap());
        let readiness = Data::new(Readiness::default());
        readiness.set(true);
        let app_face = Client::new(http_app(&gateway, &readiness, Face::App)).await;
        let web_face = Client::new(http_app(&gateway, &readiness, Face::Web)).await;
        let node = Data::clone(&gateway);
        let follower = spawn(async move { background::run(&node).await });
        Self { gateway, clock, app_face, web_face, follower, backend }
    }

    /// Ends the node's background tasks, as if it had stopped.
    pub fn stop_following(&self) {
        self.follower.abort();
    }

    /// A client without a token, on the app face and in the default tenant.
    pub fn anon(&self) -> Client {
        self.app_face.clone()
    }

    /// A client without a token on the web face.
    pub fn web(&self) -> Client {
        self.web_face.clone()
    }

    /// An admin of the default tenant.
    pub async fn admin(&self) -> Client {
        self.admin_of("default").await
    }

    /// An admin of a tenant, which is created if necessary.
    pub async fn admin_of(&self, app: &str) -> Client {
        let token = self.admin_token_of(app).await;
        self.anon().header("app_id", app).header("access-token", &token)
    }

    /// An admin token of the default tenant.
    pub async fn admin_token(&self) -> String {
        self.admin_token_of("default").await
    }

    /// An admin token of a tenant, which is created if necessary.
    pub async fn admin_token_of(&self, app: &str) -> String {
        tenants::create(&self.gateway, &command_line(app)).await.unwrap();
        let name = format!("test-{}", self.gateway.random.base62(8).unwrap());
        let token = tenants::create_admin_token(&self.gateway, &command_line(app), &name, None).await.unwrap();
        token.reveal().to_owned()
    }

    /// The environment with which a separate process is a node on the same database and state.
    pub fn environment(&self) -> Flags {
        self.backend.environment()
    }

    /// What is in Redis; empty without Redis.
    pub fn redis_entries(&self) -> Vec<String> {
        self.backend.redis_entries()
    }

    /// A new, logged-in user of the default tenant.
    pub async fn user(&self, name: &str) -> User {
        self.user_of("default", name).await
    }

    /// A new, logged-in user of a new tenant.
    pub async fn user_of_new_app(&self, app: &str, name: &str) -> User {
        tenants::create(&self.gateway, &command_line(app)).await.unwrap();
        self.user_of(app, name).await
    }

    /// A new, logged-in user of a tenant.
    pub async fn user_of(&self, app: &str, name: &str) -> User {
        let outsider = self.anon().header("app_id", app);
        let body = json!({"username": name, "password": PASSWORD});
        outsider.post("/user/register/v2").json(&body).send().await.assert_ok();
        self.login_of(app, name, &format!("{name}'s phone")).await
    }

    /// Another login of a user.
    pub async fn login(&self, name: &str, device: &str) -> User {
        self.login_of("default", name, device).await
    }

    async fn login_of(&self, app: &str, name: &str, device: &str) -> User {
        let outsider = self.anon().header("app_id", app);
        let body = json!({"name": name, "password": PASSWORD, "device_guid": device});
        let res = outsider.post("/token/user").json(&body).send().await;
        res.assert_ok();
        let data = &res.json()["data"];
        let token = data["token"].as_str().unwrap().to_owned();
        User {
            id: data["user_id"].as_i64().unwrap(),
            v1: outsider.clone().header("token", &token),
            admin_api: outsider.header("access-token", &token),
            token,
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

/// The password of every test user.
pub const PASSWORD: &str = "correct horse";

/// A user with a client for each API.
#[derive(Clone)]
pub struct User {
    pub id: i64,
    pub token: String,
    /// Sends the token to `/v1`.
    pub v1: Client,
    /// Sends the token to `/user`.
    pub admin_api: Client,
}

/// Waits for a condition, which must hold within a second after another process or node acted (security.md 21).
#[track_caller]
pub fn within_a_second(mut is_so: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    let caller = Location::caller();
    async move {
        let started = Instant::now();
        loop {
            let polled_at = Instant::now();
            if is_so().await {
                return;
            }
            assert!(polled_at.duration_since(started) < Duration::from_secs(1), "{caller}: not within a second");
            yield_now().await;
        }
    }
}

/// The operator at the command line.
pub fn command_line(app: &str) -> Operator {
    Operator::command_line(app_id(app))
}

pub fn app_id(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

/// The default configuration, except for `flags`.
pub fn default_config(flags: &Flags) -> Config {
    Config::check(&Values::gather(flags, [], None).unwrap(), false).unwrap()
}
