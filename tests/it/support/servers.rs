//! PostgreSQL and Redis servers for one test, each in its own folder and on its own port, which can be frozen, killed
//! and restarted.

use std::{
    collections::BTreeSet,
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use diesel::{Connection as _, PgConnection, RunQueryDsl as _};
use tempfile::TempDir;

/// A server process.
pub struct OwnServer {
    process: Option<Child>,
    command: Box<dyn Fn() -> Command + Send + Sync>,
    is_up: Box<dyn Fn() -> bool + Send + Sync>,
    /// The server's address, which does not change on a restart.
    pub address: SocketAddr,
    folder: TempDir,
}

impl OwnServer {
    /// PostgreSQL with a database `postgres` and a user `postgres`.
    pub fn postgres() -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
        let mut init = unprivileged(&postgres_bin().join("initdb"));
        init.arg("-D").arg(own_folder(&folder)).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        run(&mut init);
        Self::postgres_in(folder, address)
    }

    /// PostgreSQL on the data in a folder.
    pub(super) fn postgres_in(folder: TempDir, address: SocketAddr) -> Self {
        let data = folder.path().join("data");
        let command = move || {
            let mut command = unprivileged(&postgres_bin().join("postgres"));
            command.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p"]).arg(address.port().to_string()).arg("-k");
            command.arg(&data);
            command
        };
        Self::start(folder, address, Box::new(command), Box::new(move || answers_as_postgres(address)))
    }

    /// PostgreSQL whose data folder is a file system of this size.
    pub fn postgres_on_small_disk(size: &str) -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
        let (bin, path, size) = (postgres_bin(), folder.path().to_owned(), size.to_owned());
        let command = move || {
            let mut command = small_disk(&path, &size);
            // A process that is not root becomes root in the name space of `small_disk`, and PostgreSQL refuses to run
            // as root.
            let user = if is_root() { "chown postgres ." } else { "true" };
            let run = if is_root() { UNPRIVILEGED.join(" ") } else { "unshare -U --map-user=1".to_owned() };
            let script = format!(
                "cd \"$1\" && {user} && {run} \"$0/initdb\" -D \"$1/data\" -U postgres -A trust -E UTF8 --no-sync && \
                 exec {run} \"$0/postgres\" -D \"$1/data\" -h 127.0.0.1 -p {} -k \"$1/data\"",
                address.port()
            );
            command.args(["sh", "-c", &script]).arg(&bin).arg(&path);
            command
        };
        Self::start(folder, address, Box::new(command), Box::new(move || answers_as_postgres(address)))
    }

    /// Its folder as this process sees it, which is not in the server's name space of mounts.
    pub fn folder(&self) -> PathBuf {
        let pid = self.process.as_ref().unwrap().id();
        PathBuf::from(format!("/proc/{pid}/root{}", self.folder.path().display()))
    }

    /// An empty Redis.
    pub fn redis() -> Self {
        Self::redis_with(&[])
    }

    /// An empty Redis with more arguments.
    pub fn redis_with(more: &[&str]) -> Self {
        let address = free_address();
        Self::redis_at(address, more, move || answers_as_redis(address))
    }

    /// An empty Redis that accepts connections with TLS only, with more arguments.
    pub fn redis_with_tls(key: &str, certificate: &str, more: &[&str]) -> Self {
        let address = free_address();
        let port = address.port().to_string();
        let tls = ["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no", "--bind", "0.0.0.0"];
        let files = ["--tls-key-file", key, "--tls-cert-file", certificate, "--tls-ca-cert-file", certificate];
        let all = [&tls[..], &files, &["--protected-mode", "no"], more].concat();
        Self::redis_at(address, &all, move || TcpStream::connect(address).is_ok())
    }

    /// A service like S3, with any key: moto.
    pub fn s3() -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
        let command = move || {
            let mut command = Command::new("moto_server");
            command.args(["-H", "127.0.0.1", "-p"]).arg(address.port().to_string());
            command
        };
        Self::start(folder, address, Box::new(command), Box::new(move || TcpStream::connect(address).is_ok()))
    }

    fn redis_at(address: SocketAddr, more: &[&str], is_up: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let more: Vec<String> = more.iter().map(|&argument| argument.to_owned()).collect();
        let command = move || {
            let mut command = Command::new("redis-server");
            command.args(["--bind", "127.0.0.1", "--port"]).arg(address.port().to_string());
            command.args(["--save", "", "--appendonly", "no", "--dir"]).arg(&path).args(&more);
            command
        };
        Self::start(folder, address, Box::new(command), Box::new(is_up))
    }

    /// One of three Sentinels of the server at that address, which it calls `main`.
    pub fn sentinel(master: SocketAddr) -> Self {
        let address = free_address();
        let lines = format!("port {}\n", address.port());
        Self::sentinel_at(address, master, &lines, move || answers_as_redis(address))
    }

    /// A Sentinel that speaks TLS only.
    pub fn sentinel_with_tls(master: SocketAddr, key: &str, certificate: &str) -> Self {
        let address = free_address();
        let port = address.port();
        let lines = format!(
            "port 0\ntls-port {port}\ntls-replication yes\ntls-auth-clients no\ntls-key-file {key}\n\
             tls-cert-file {certificate}\ntls-ca-cert-file {certificate}\n"
        );
        Self::sentinel_at(address, master, &lines, move || TcpStream::connect(address).is_ok())
    }

    fn sentinel_at(
        address: SocketAddr,
        master: SocketAddr,
        lines: &str,
        is_up: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sentinel.conf");
        let more = format!(
            "bind 127.0.0.1\ndir {}\nsentinel monitor main {} {} 2\nsentinel down-after-milliseconds main 1000\n\
             sentinel failover-timeout main 5000\n",
            folder.path().display(),
            master.ip(),
            master.port()
        );
        fs::write(&path, format!("{lines}{more}")).unwrap();
        let command = move || {
            let mut command = Command::new("redis-server");
            command.arg(&path).arg("--sentinel");
            command
        };
        Self::start(folder, address, Box::new(command), Box::new(is_up))
    }

    pub(super) fn start(
        folder: TempDir,
        address: SocketAddr,
        command: Box<dyn Fn() -> Command + Send + Sync>,
        is_up: Box<dyn Fn() -> bool + Send + Sync>,
    ) -> Self {
        let mut server = Self { process: None, command, is_up, address, folder };
        server.start_again();
        server
    }

    /// Starts the server and waits until it answers.
    pub fn start_again(&mut self) {
        self.process = Some((self.command)().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let started = Instant::now();
        while !(self.is_up)() {
            assert!(started.elapsed() < Duration::from_secs(30), "a server does not start");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        // PostgreSQL's child processes would outlive their parent for a moment.
        for pid in descendants(process.id()) {
            signal(pid, "KILL");
        }
        process.wait().unwrap();
    }

    fn signal_all(&self, name: &str) {
        for pid in descendants(self.process.as_ref().unwrap().id()) {
            signal(pid, name);
        }
    }

    /// Suspends all its processes: the server keeps its connections but does not answer.
    pub fn freeze(&self) {
        self.signal_all("STOP");
    }

    /// Resumes its processes.
    pub fn thaw(&self) {
        self.signal_all("CONT");
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}

fn answers_as_redis(address: SocketAddr) -> bool {
    let client = redis::Client::open(format!("redis://{address}")).unwrap();
    client.get_connection().is_ok_and(|mut conn| redis::cmd("PING").exec(&mut conn).is_ok())
}

/// A new folder `data` for a server that refuses to run as root, as PostgreSQL does.
pub(super) fn own_folder(folder: &TempDir) -> PathBuf {
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    if is_root() {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        run(Command::new("chown").arg("postgres").arg(&data));
    }
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    data
}

pub(super) fn answers_as_postgres(address: SocketAddr) -> bool {
    PgConnection::establish(&format!("postgres://postgres@{address}/postgres?connect_timeout=2"))
        .is_ok_and(|mut conn| diesel::sql_query("SELECT 1").execute(&mut conn).is_ok())
}

/// A command that mounts a file system of this size at `folder`, visible to itself only, and executes its arguments.
pub fn small_disk(folder: &Path, size: &str) -> Command {
    let mut command = Command::new("unshare");
    if !is_root() {
        command.arg("--map-root-user");
    }
    let mount = "mount -t tmpfs -o size=\"$1\" tmpfs \"$0\" && shift && exec \"$@\"";
    command.args(["--mount", "sh", "-c", mount]).arg(folder).arg(size);
    command
}

/// An address with a free port, which is given to one server only: between this and the start of the server, the system
/// would give the port to another one, which would answer in its place.
pub fn free_address() -> SocketAddr {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        if GIVEN.lock().unwrap().insert(address.port()) {
            return address;
        }
    }
}

/// The folder of PostgreSQL's programs on Debian, of the newest version.
pub(super) fn postgres_bin() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("scripts/test installs PostgreSQL");
    let numbered = versions.filter_map(|version| {
        let folder = version.unwrap();
        let number: u32 = folder.file_name().to_str()?.parse().ok()?;
        // There are folders of the clients only.
        let bin = folder.path().join("bin");
        bin.join("postgres").exists().then_some((number, bin))
    });
    numbered.max().expect("scripts/test installs a server").1
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Drops root's rights, for PostgreSQL, which refuses to run as root.
const UNPRIVILEGED: [&str; 4] = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];

pub(super) fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let [setpriv, arguments @ ..] = UNPRIVILEGED;
    let mut command = Command::new(setpriv);
    command.args(arguments).arg(program);
    command
}

pub(super) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Sends a signal to a process.
pub fn signal(pid: u32, name: &str) {
    Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).stderr(Stdio::null()).status().unwrap();
}

/// A process and its descendants.
fn descendants(pid: u32) -> Vec<u32> {
    let output = Command::new("ps").args(["-e", "-o", "pid=,ppid="]).output().unwrap();
    let pairs: Vec<(u32, u32)> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| {
            let (pid, parent) = line.trim().split_once(' ')?;
            Some((pid.parse().ok()?, parent.trim().parse().ok()?))
        })
        .collect();
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found
}
