//! URLs of Redis: one server, the server that Sentinels watch, or a Cluster.

use std::str::FromStr;

use percent_encoding::percent_decode_str;
use redis::{
    ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo, RedisError, TlsMode,
    sentinel::SentinelNodeConnectionInfo,
};
use url::{Host, Url};

use crate::{
    host_list::HostList,
    secret::{UNREADABLE_URL, require_readable},
};

const SCHEMES: &str =
    "must start with redis://, redis+sentinel:// or redis+cluster://, with rediss for TLS, or with redis+unix://";

/// Where Redis is:
///
/// - `redis://USER:PASSWORD@HOST:PORT/DB` or `redis+unix:///PATH?db=DB&user=USER&pass=PASSWORD`: one server;
/// - `redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/MASTER/DB?sentinel_user=USER&sentinel_password=PASSWORD`: the
///   server that these Sentinels call the master;
/// - `redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT`: a Cluster, found through these nodes.
///
/// With `rediss` in place of `redis`, connections use TLS.
#[derive(Clone)]
pub struct RedisUrl(pub(super) Servers);

#[derive(Clone)]
pub(super) enum Servers {
    One(Box<ConnectionInfo>),
    Sentinels(Box<Watched>),
    Cluster(Vec<ConnectionInfo>),
}

/// A server that Sentinels watch.
#[derive(Clone)]
pub(super) struct Watched {
    pub sentinels: Vec<ConnectionInfo>,
    /// What the Sentinels call it.
    pub name: String,
    /// How to connect to it, wherever it is.
    pub server: SentinelNodeConnectionInfo,
}

impl FromStr for RedisUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        let servers = match (scheme, HostList::of(text)) {
            ("redis" | "rediss" | "redis+unix" | "unix", _) => one(text)?,
            ("redis+sentinel" | "rediss+sentinel", Some(list)) => sentinels(&List::read(list, 26379)?)?,
            ("redis+cluster" | "rediss+cluster", Some(list)) => cluster(&List::read(list, 6379)?)?,
            _ => return Err(SCHEMES.to_owned()),
        };
        Ok(Self(servers))
    }
}

/// The redis crate ignores parameters that it does not know, and a user without a password.
fn one(text: &str) -> Result<Servers, String> {
    let url = Url::parse(text).map_err(|_| UNREADABLE_URL.to_owned())?;
    require_readable(&url)?;
    if matches!(url.scheme(), "unix" | "redis+unix") {
        require_known(&url, &["db", "user", "pass", "protocol"], "")?;
    } else {
        require_known(&url, &["protocol"], "; the database is the path: redis://HOST:PORT/3")?;
        database(url.path().trim_start_matches('/'))?;
        login(&url)?;
    }
    Ok(Servers::One(Box::new(text.into_connection_info().map_err(|error| error.to_string())?)))
}

fn sentinels(list: &List) -> Result<Servers, String> {
    require_known(&list.url, &["sentinel_user", "sentinel_password"], "; the database is the end of the path")?;
    let mut path = list.url.path().trim_start_matches('/').splitn(2, '/');
    let name = decoded(path.next().unwrap_or_default())?;
    if name.is_empty() {
        return Err("needs the name of the master: redis+sentinel://HOST:PORT,HOST:PORT/MASTER".to_owned());
    }
    let redis = login(&list.url)?.set_db(database(path.next().unwrap_or_default())?);
    let parameter = |wanted| list.url.query_pairs().find_map(|(name, value)| (name == wanted).then_some(value));
    let sentinel = match (parameter("sentinel_user"), parameter("sentinel_password")) {
        (None, None) => RedisConnectionInfo::default(),
        (None, Some(password)) => RedisConnectionInfo::default().set_password(password),
        (Some(user), Some(password)) => RedisConnectionInfo::default().set_username(user).set_password(password),
        (Some(_), None) => return Err("sentinel_user needs sentinel_password".to_owned()),
    };
    let mut server = SentinelNodeConnectionInfo::default().set_redis_connection_info(redis);
    if list.has_tls() {
        server = server.set_tls_mode(TlsMode::Secure);
    }
    let sentinels = list.connections(&sentinel).map_err(|error| error.to_string())?;
    Ok(Servers::Sentinels(Box::new(Watched { sentinels, name, server })))
}

fn cluster(list: &List) -> Result<Servers, String> {
    require_known(&list.url, &[], "")?;
    if !matches!(list.url.path(), "" | "/") {
        return Err("takes no path, since a Cluster has no databases: redis+cluster://HOST:PORT,HOST:PORT".to_owned());
    }
    let nodes = list.connections(&login(&list.url)?).map_err(|error| error.to_string())?;
    Ok(Servers::Cluster(nodes))
}

fn require_known(url: &Url, known: &[&str], hint_for_db: &str) -> Result<(), String> {
    match url.query_pairs().find(|(name, _)| !known.contains(&&**name)) {
        Some((name, _)) if name == "db" => Err(format!("has an unknown parameter db{hint_for_db}")),
        Some((name, _)) => Err(format!("has an unknown parameter {name}")),
        None => Ok(()),
    }
}

fn database(text: &str) -> Result<i64, String> {
    let number = if text.is_empty() { Ok(0) } else { text.parse::<u16>() };
    number.map(i64::from).map_err(|_| "the path must end with the number of a database, such as /3".to_owned())
}

/// The user and the password of a URL.
fn login(url: &Url) -> Result<RedisConnectionInfo, String> {
    let mut login = RedisConnectionInfo::default();
    if let Some(password) = url.password() {
        login = login.set_password(decoded(password)?);
    } else if !url.username().is_empty() {
        return Err("has a user without a password".to_owned());
    }
    if !url.username().is_empty() {
        login = login.set_username(decoded(url.username())?);
    }
    Ok(login)
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "is not UTF-8 when its percent-encoding is undone".to_owned())
}

/// A URL with a list of hosts.
struct List {
    /// The URL with the first host only.
    url: Url,
    hosts: Vec<(String, u16)>,
}

impl List {
    fn read(list: HostList<'_>, default_port: u16) -> Result<Self, String> {
        let url = Url::parse(&list.with_first()).map_err(|_| UNREADABLE_URL.to_owned())?;
        require_readable(&url)?;
        let hosts = list.hosts().map(|host| host_and_port(host, default_port)).collect::<Result<_, _>>()?;
        Ok(Self { url, hosts })
    }

    fn has_tls(&self) -> bool {
        self.url.scheme().starts_with("rediss")
    }

    fn connections(&self, redis: &RedisConnectionInfo) -> Result<Vec<ConnectionInfo>, RedisError> {
        let connection = |(host, port): &(String, u16)| {
            let (host, port) = (host.clone(), *port);
            let address = if self.has_tls() {
                ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
            } else {
                ConnectionAddr::Tcp(host, port)
            };
            Ok(address.into_connection_info()?.set_redis_settings(redis.clone()))
        };
        self.hosts.iter().map(connection).collect()
    }
}

fn host_and_port(text: &str, default_port: u16) -> Result<(String, u16), String> {
    let url = Url::parse(&format!("redis://{text}")).map_err(|_| format!("{text:?} is not HOST or HOST:PORT"))?;
    let host = match url.host() {
        Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(Host::Domain(_)) | None => return Err("has an empty host".to_owned()),
    };
    Ok((host, url.port().unwrap_or(default_port)))
}
