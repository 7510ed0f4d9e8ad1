//! How a connection is opened: to one server, to the one that Sentinels call the master, or to a Cluster.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt as _, future::select_ok};
use redis::{
    Client, Cmd, Pipeline, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig, PubSub},
    cluster::{ClusterClient, ClusterConfig},
    cluster_async::ClusterConnection,
    sentinel::Sentinel,
};
use tokio::time::timeout;

use super::{
    StateError,
    url::{RedisUrl, Servers, Watched},
};

/// The timeout of a connection attempt and of an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// The timeout of a connection attempt to a node of a Cluster: less than that of a command, so that a command finds the
/// nodes that answer even if one of the given ones does not.
const NODE_PATIENCE: Duration = Duration::from_millis(500);

/// How long the Sentinels may take to name the master, and it to confirm that. They are asked at once.
const MASTER_PATIENCE: Duration = Duration::from_secs(2);

/// How often a command to a Cluster follows a slot that has moved.
const REDIRECTS: u32 = 3;

/// The longest pause (ms) between these.
const REDIRECT_PAUSE_MS: u64 = 50;

/// A connection, which many commands share.
#[derive(Clone)]
pub(super) enum Connection {
    One(ConnectionManager),
    Cluster(ClusterConnection),
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}

/// Opens connections.
pub(super) enum Connector {
    One(Client),
    Sentinels { watched: Box<Watched>, master: Mutex<Option<Client>> },
    Cluster { client: Box<ClusterClient>, nodes: Vec<Client> },
}

impl Connector {
    pub(super) fn new(url: RedisUrl) -> RedisResult<Self> {
        Ok(match url.0 {
            Servers::One(server) => Self::One(Client::open(*server)?),
            Servers::Sentinels(watched) => Self::Sentinels { watched, master: Mutex::default() },
            Servers::Cluster(nodes) => {
                let client = ClusterClient::builder(nodes.clone())
                    .retries(REDIRECTS)
                    .max_retry_wait(REDIRECT_PAUSE_MS)
                    .min_retry_wait(1)
                    .overall_response_timeout(Some(PATIENCE));
                let nodes = nodes.into_iter().map(Client::open).collect::<RedisResult<_>>()?;
                Self::Cluster { client: Box::new(client.build()?), nodes }
            }
        })
    }

    /// Opens a connection. It connects on first use, and again when it is lost.
    pub(super) async fn connect(&self) -> Result<Connection, StateError> {
        let client = match self {
            Self::One(client) => client.clone(),
            Self::Sentinels { watched, master } => find(watched, master).await?,
            Self::Cluster { client, .. } => {
                return Ok(Connection::Cluster(client.get_pending_async_connection_with_config(node_config())));
            }
        };
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(500));
        Ok(Connection::One(ConnectionManager::new_lazy_with_config(client, config)?))
    }

    /// Opens a connection for a subscription. The nodes of a Cluster hand on every message to each other.
    pub(super) async fn subscriber(&self) -> Result<PubSub, StateError> {
        let connecting = match self {
            Self::One(client) => timeout(PATIENCE, client.get_async_pubsub()).await,
            Self::Sentinels { watched, master } => {
                timeout(PATIENCE, find(watched, master).await?.get_async_pubsub()).await
            }
            Self::Cluster { nodes, .. } => {
                let any = select_ok(nodes.iter().map(|node| node.get_async_pubsub().boxed()));
                timeout(PATIENCE, any).await.map(|found| found.map(|(first, _)| first))
            }
        };
        Ok(connecting.map_err(|_| silence())??)
    }

    /// Forgets which server was the master.
    pub(super) fn forget(&self) {
        if let Self::Sentinels { master, .. } = self {
            master.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    /// Why commands on a connection fail, if its server or a new connection says so.
    pub(super) async fn explain(&self, connection: &mut Connection) -> Option<String> {
        match (connection, self) {
            (Connection::One(server), _) => role(server).await.map(|role| format!("this is {role}")),
            (Connection::Cluster(_), Self::Cluster { client, .. }) => {
                let connecting = timeout(PATIENCE, client.get_async_connection_with_config(node_config()));
                connecting.await.ok()?.err().map(|error| error.to_string())
            }
            (Connection::Cluster(_), Self::One(_) | Self::Sentinels { .. }) => None,
        }
    }

    /// What it connects to.
    pub(super) const fn describe(&self) -> &'static str {
        match self {
            Self::One(_) => "Redis",
            Self::Sentinels { .. } => "Redis with Sentinel",
            Self::Cluster { .. } => "Redis Cluster",
        }
    }
}

pub(super) fn silence() -> StateError {
    StateError::new(format!("no answer within {PATIENCE:?}"))
}

fn node_config() -> ClusterConfig {
    ClusterConfig::new().set_connection_timeout(NODE_PATIENCE).set_response_timeout(PATIENCE)
}

/// The role of a Redis server that explains why it refuses commands, if any.
async fn role(server: &mut ConnectionManager) -> Option<&'static str> {
    let info: String = redis::cmd("INFO").query_async(server).await.ok()?;
    let has = |line: &str| info.lines().any(|known| known.trim() == line);
    if has("redis_mode:sentinel") {
        Some("a Sentinel, not the Redis that it watches (redis+sentinel://HOST:PORT,HOST:PORT/MASTER)")
    } else if has("redis_mode:cluster") {
        Some("a node of a Redis Cluster (redis+cluster://HOST:PORT,HOST:PORT)")
    } else if has("role:slave") {
        Some("a replica, which takes no writes")
    } else {
        None
    }
}

/// The master: the known one, or the first that a Sentinel names and that confirms that it is the master.
async fn find(watched: &Watched, known: &Mutex<Option<Client>>) -> Result<Client, StateError> {
    if let Some(master) = &*known.lock().unwrap_or_else(PoisonError::into_inner) {
        return Ok(master.clone());
    }
    let ask = |sentinel| async move {
        let mut sentinel = Sentinel::build(vec![sentinel])?;
        sentinel.async_master_for(&watched.name, Some(&watched.server)).await
    };
    let first = select_ok(watched.sentinels.iter().cloned().map(|sentinel| ask(sentinel).boxed()));
    let (master, _) = timeout(MASTER_PATIENCE, first)
        .await
        .map_err(|_| StateError::new(format!("no master within {MASTER_PATIENCE:?} from the Sentinels")))?
        .map_err(|error| StateError::new(format!("no master from the Sentinels: {error}")))?;
    Ok(known.lock().unwrap_or_else(PoisonError::into_inner).insert(master).clone())
}
