//! Several Redis servers for one test: one that Sentinels watch, and a Cluster. All require a user and a password with
//! characters that mean something in a URL.

use std::{
    net::SocketAddr,
    process::Command,
    sync::{Arc, Mutex, Weak},
    thread,
    time::{Duration, Instant},
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use redis::{FromRedisValue, IntoConnectionInfo as _, RedisConnectionInfo};

use super::servers::{OwnServer, free_address};

/// A user of Redis.
const USER: &str = "ap:p/@ü?#%";
const PASSWORD: &str = "p@ss:w/o?r#d%20 ,[]\"'é{}+&=";

/// A user of the Sentinels.
const WATCHER: &str = "w@tch:er";
const WATCHER_PASSWORD: &str = "an?other p@ss+word&/%";

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The user info of a URL.
fn user_info() -> String {
    format!("{}:{}@", encoded(USER), encoded(PASSWORD))
}

fn joined(addresses: impl Iterator<Item = SocketAddr>) -> String {
    addresses.map(|address| address.to_string()).collect::<Vec<_>>().join(",")
}

/// Sends a command as that user.
fn ask<T: FromRedisValue>(address: SocketAddr, login: Option<(&str, &str)>, words: &[&str]) -> redis::RedisResult<T> {
    let mut info = (address.ip().to_string(), address.port()).into_connection_info()?;
    if let Some((user, password)) = login {
        info = info.set_redis_settings(RedisConnectionInfo::default().set_username(user).set_password(password));
    }
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]).query(&mut redis::Client::open(info)?.get_connection()?)
}

fn set(address: SocketAddr, words: &[&str]) {
    ask::<redis::Value>(address, None, words).unwrap();
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Makes a server require the user.
fn protect(server: &OwnServer) {
    let rule = format!(">{PASSWORD}");
    set(server.address, &["ACL", "SETUSER", USER, "on", &rule, "~*", "&*", "+@all"]);
    set(server.address, &["CONFIG", "SET", "masteruser", USER]);
    set(server.address, &["CONFIG", "SET", "masterauth", PASSWORD]);
    set(server.address, &["ACL", "SETUSER", "default", "off"]);
}

/// Redis alone.
pub struct Alone(OwnServer);

impl Alone {
    pub fn start() -> Self {
        let server = OwnServer::redis();
        protect(&server);
        Self(server)
    }

    pub fn url(&self) -> String {
        format!("redis://{}{}/3", user_info(), self.0.address)
    }
}

/// A master and a replica, with three Sentinels.
pub struct Watched {
    pub servers: Vec<OwnServer>,
    pub sentinels: Vec<OwnServer>,
}

impl Watched {
    pub fn start() -> Self {
        let master = OwnServer::redis();
        let port = master.address.port().to_string();
        let replica = OwnServer::redis_with(&["--replicaof", &format!("127.0.0.1 {port}")]);
        let sentinels: Vec<_> = (0..3).map(|_| OwnServer::sentinel(master.address)).collect();
        for sentinel in &sentinels {
            wait_until("the Sentinels do not find each other", || {
                let known: Vec<String> = ask(sentinel.address, None, &["SENTINEL", "MASTER", "main"]).unwrap();
                let is = |name: &str, number: &str| known.windows(2).any(|pair| pair == [name, number]);
                is("num-other-sentinels", "2") && is("num-slaves", "1")
            });
            let (rule, address) = (format!(">{WATCHER_PASSWORD}"), sentinel.address);
            set(address, &["SENTINEL", "SET", "main", "auth-user", USER, "auth-pass", PASSWORD]);
            set(address, &["SENTINEL", "CONFIG", "SET", "sentinel-user", WATCHER]);
            set(address, &["SENTINEL", "CONFIG", "SET", "sentinel-pass", WATCHER_PASSWORD]);
            set(address, &["ACL", "SETUSER", WATCHER, "on", &rule, "~*", "&*", "+@all"]);
        }
        for sentinel in &sentinels {
            set(sentinel.address, &["ACL", "SETUSER", "default", "off"]);
        }
        let servers = vec![master, replica];
        servers.iter().for_each(protect);
        let watched = Self { servers, sentinels };
        wait_until("the replica does not follow", || watched.says(1, "master_link_status:up"));
        watched
    }

    /// Whether a server says so of its replication.
    fn says(&self, number: usize, words: &str) -> bool {
        let login = Some((USER, PASSWORD));
        let info: String = ask(self.servers[number].address, login, &["INFO", "replication"]).unwrap();
        info.contains(words)
    }

    /// Whether the first master has become a replica.
    pub fn is_replaced(&self) -> bool {
        self.says(1, "role:master") && self.says(0, "role:slave")
    }

    pub fn url(&self) -> String {
        let sentinels = joined(self.sentinels.iter().map(|sentinel| sentinel.address));
        let (user, password) = (encoded(WATCHER), encoded(WATCHER_PASSWORD));
        format!("redis+sentinel://{}{sentinels}/main/3?sentinel_user={user}&sentinel_password={password}", user_info())
    }

    /// The URL of a Sentinel as if it were Redis.
    pub fn url_of_a_sentinel(&self) -> String {
        format!("redis://{}:{}@{}", encoded(WATCHER), encoded(WATCHER_PASSWORD), self.sentinels[0].address)
    }

    /// The URL of the replica as if it were Redis.
    pub fn url_of_the_replica(&self) -> String {
        format!("redis://{}{}", user_info(), self.servers[1].address)
    }

    /// Makes the Sentinels replace the master while it works.
    pub fn replace_master(&self) {
        let login = Some((WATCHER, WATCHER_PASSWORD));
        ask::<redis::Value>(self.sentinels[0].address, login, &["SENTINEL", "FAILOVER", "main"]).unwrap();
    }
}

/// A Cluster.
pub struct Cluster {
    pub servers: Vec<OwnServer>,
}

impl Cluster {
    /// Three masters, each with so many replicas.
    pub fn start(replicas: usize) -> Self {
        let start = |_| {
            let bus = free_address().port().to_string();
            let settings = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", &bus];
            OwnServer::redis_with(&settings)
        };
        let servers: Vec<_> = (0..3 * (1 + replicas)).map(start).collect();
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]).args(servers.iter().map(|server| server.address.to_string()));
        create.args(["--cluster-replicas", &replicas.to_string(), "--cluster-yes"]);
        let output = create.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        for server in &servers {
            wait_until("the Cluster does not form", || {
                let info: String = ask(server.address, None, &["CLUSTER", "INFO"]).unwrap();
                let replication: String = ask(server.address, None, &["INFO", "replication"]).unwrap();
                let is_synchronized = !replication.contains("role:slave") || replication.contains("link_status:up");
                info.contains("cluster_state:ok") && is_synchronized
            });
        }
        servers.iter().for_each(protect);
        Self { servers }
    }

    /// A Cluster of three masters for all tests that run at the same time.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Self::start(0));
            *shared = Arc::downgrade(&cluster);
            cluster
        })
    }

    pub fn url(&self) -> String {
        format!("redis+cluster://{}{}", user_info(), joined(self.servers.iter().map(|server| server.address)))
    }

    /// The URL of a node as if it were Redis alone.
    pub fn url_of_a_node(&self) -> String {
        format!("redis://{}{}", user_info(), self.servers[0].address)
    }

    /// The number of the master that has the keys with this hash tag.
    pub fn master_of(&self, tag: &str) -> usize {
        let owns = |server: &OwnServer| {
            let found: redis::RedisResult<Option<String>> = ask(server.address, Some((USER, PASSWORD)), &["GET", tag]);
            found.is_ok()
        };
        self.servers.iter().position(owns).unwrap()
    }
}
