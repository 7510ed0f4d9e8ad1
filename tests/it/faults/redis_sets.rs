//! A Redis that Sentinels watch and a Redis Cluster: a master dies, hangs or is replaced while requests run. Requests are
//! answered meanwhile, and everything works again soon after another server has become the master.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::rt::spawn;
use diglot::{
    domain::readiness,
    model::{Change, FeedEntry, UserId},
    state::FeedEvent,
};

use crate::support::{Backend, Cluster, OwnServer, TestApp, User, Watched};

/// How long a request may take, whatever the state of Redis.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long it may take until everything works again. The Sentinels find after a second that a master is down, the
/// Cluster after two.
const RECOVERY: Duration = Duration::from_secs(10);

struct Fixture {
    t: TestApp,
    alice: User,
    /// The messages of other nodes that arrived.
    arrived: Arc<AtomicUsize>,
    _database: OwnServer,
}

impl Fixture {
    async fn on(redis_url: String) -> Self {
        let database = OwnServer::postgres();
        let url = format!("postgres://postgres@{}/postgres", database.address);
        let t =
            TestApp::on(Backend::on(url, redis_url), |config| config.reloadable.captchas_per_minute = 1_000_000).await;
        let alice = t.user("alice").await;
        let (state, arrived) = (Arc::clone(&t.another_node().await.gateway.state), Arc::<AtomicUsize>::default());
        let counter = Arc::clone(&arrived);
        spawn(async move {
            let count = |event: FeedEvent| match event {
                FeedEvent::Published(_) => drop(counter.fetch_add(1, Ordering::Relaxed)),
                FeedEvent::Subscribed => {}
            };
            loop {
                drop(state.subscribe(&count).await);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let fixture = Self { t, alice, arrived, _database: database };
        fixture.recovers().await;
        fixture
    }

    /// Whether captchas can be made and presence is shared. Logins and sessions must work in any case, and soon.
    async fn works(&self) -> bool {
        let started = Instant::now();
        self.alice.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | 1");
        let again = self.t.login("alice", "phone").await;
        let presence = again.admin_api.get("/user/online_status").send().await.json();
        assert_eq!(presence["data"]["online"], true, "it has just sent a request");
        let captcha = self.t.web().post("/v1/user/captcha").send().await.status.as_u16();
        assert!([200, 503].contains(&captcha), "{captcha}");
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
        captcha == 200 && presence["data"]["degraded"] != true
    }

    /// Sends requests until everything has worked 20 times in a row.
    async fn recovers(&self) {
        let (started, mut times) = (Instant::now(), 0);
        while times < 20 {
            assert!(started.elapsed() < RECOVERY, "not recovered after {:?}", started.elapsed());
            times = if self.works().await { times + 1 } else { 0 };
        }
        self.messages_arrive().await;
        assert!(readiness::check_state(&self.t.gateway).await.is_ok());
    }

    async fn messages_arrive(&self) {
        let (before, started) = (self.arrived.load(Ordering::Relaxed), Instant::now());
        while self.arrived.load(Ordering::Relaxed) == before {
            assert!(started.elapsed() < RECOVERY, "no message of another node arrives");
            let entry = FeedEntry { id: 1, change: Change::User(UserId::stored(1)) };
            // Redis may not answer yet.
            drop(self.t.gateway.state.publish(&[entry]).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends requests until Redis is seen to be away.
    async fn notices(&self) {
        let started = Instant::now();
        while self.works().await {
            assert!(started.elapsed() < RECOVERY, "the fault has no effect");
        }
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_master_that_dies_or_hangs_is_replaced_by_the_sentinels_while_requests_run() {
    let mut watched = Watched::start();
    let fixture = Fixture::on(watched.url()).await;
    watched.servers[0].kill();
    fixture.notices().await;
    fixture.recovers().await;

    let mut watched = Watched::start();
    let fixture = Fixture::on(watched.url()).await;
    watched.servers[0].freeze();
    // A Sentinel on the machine of the master is lost with it.
    watched.sentinels[0].freeze();
    fixture.notices().await;
    fixture.recovers().await;
    watched.servers[0].thaw();
    watched.sentinels.remove(0).thaw();
    fixture.recovers().await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_master_that_is_replaced_on_purpose_is_left_while_requests_run() {
    let watched = Watched::start();
    let fixture = Fixture::on(watched.url()).await;
    watched.replace_master();
    let started = Instant::now();
    while !watched.is_replaced() {
        fixture.works().await;
        // The Sentinels make the old master a replica of the new one only after eight seconds.
        assert!(started.elapsed() < 3 * RECOVERY, "not replaced");
    }
    fixture.recovers().await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_master_of_a_cluster_that_dies_or_hangs_is_replaced_while_requests_run() {
    let mut cluster = Cluster::start(1);
    let fixture = Fixture::on(cluster.url()).await;
    let first = cluster.master_of("login");
    cluster.servers[first].kill();
    fixture.notices().await;
    fixture.recovers().await;

    let cluster = Cluster::start(1);
    let fixture = Fixture::on(cluster.url()).await;
    let first = cluster.master_of("login");
    cluster.servers[first].freeze();
    fixture.notices().await;
    fixture.recovers().await;
    cluster.servers[first].thaw();
    fixture.recovers().await;
}
