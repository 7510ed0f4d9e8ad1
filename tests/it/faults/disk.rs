//! A full disk (security.md 49): clean errors, recovery once there is space again, and intact data. The disk is a small
//! file system of the server's own.

use std::{fs, path::PathBuf, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Node, OwnServer, PASSWORD, agent, post, small_disk};

/// The command of a node that makes its default app first.
const WITH_DEFAULT_APP: [&str; 4] =
    ["sh", "-c", "\"$0\" migrate && \"$0\" app create default && exec \"$0\" serve", env!("CARGO_BIN_EXE_diglot")];

/// A node with one user, whose database is on a small disk.
struct Full {
    node: Node,
    agent: ureq::Agent,
    token: String,
    /// The disk's folder as this process sees it.
    disk: PathBuf,
}

impl Full {
    fn new(node: Node, disk: PathBuf) -> Self {
        let agent = agent();
        let app = [("app_id", "default")];
        let new = json!({"username": "alice", "password": PASSWORD});
        post(&agent, &node.url("/user/register/v2"), &app, &new).unwrap();
        let login = json!({"name": "alice", "password": PASSWORD});
        let (_, answer) = post(&agent, &node.url("/token/user"), &app, &login).unwrap();
        let token = answer["data"]["token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Self { node, agent, token, disk }
    }

    fn send(&self, operation: &str, body: &Value) -> (u16, Value) {
        let url = self.node.url(&format!("/v1/user/{operation}"));
        let (status, answer) = post(&self.agent, &url, &[("token", &self.token)], body).unwrap();
        (status, answer["code"].clone())
    }

    /// Writes something that needs space: a text that does not compress.
    fn write(&self, seed: u64) -> (u16, Value) {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut digit = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from_digit(u32::try_from(state >> 60).unwrap(), 16).unwrap()
        };
        let text: String = (0..450).map(|_| digit()).collect();
        self.send("save-user-data", &json!({"introduction": text}))
    }

    /// Fills the disk; writes must fail cleanly while reads succeed; after it is emptied, writes succeed again.
    fn fills_and_recovers(&self) {
        assert_eq!(self.write(0), (200, json!(1)));
        let filler = self.disk.join("filler");
        let output =
            Command::new("dd").args(["if=/dev/zero", "bs=4096"]).arg(format!("of={}", filler.display())).output();
        assert!(!output.unwrap().status.success(), "the disk has an end");
        // Free pages of the files are used first.
        let first = (1..5000).find(|seed| self.write(*seed).0 != 200).expect("the disk is full");
        for seed in 0..5 {
            assert_eq!(self.write(first + seed), (503, json!(-1)));
        }
        assert_eq!(self.send("get-user-data", &json!({})), (200, json!(1)), "reads succeed");
        fs::remove_file(filler).unwrap();
        assert_eq!(self.write(1), (200, json!(1)), "there is space again");
    }
}

#[actix_web::test]
#[ignore = "needs a file system of its own: run scripts/test"]
async fn a_full_disk_gives_clean_errors_and_free_space_restores_writes() {
    let folder = TempDir::new().unwrap();
    let environment = [
        ("DATABASE_URL", format!("sqlite:{}/diglot.db", folder.path().display())),
        ("DIGLOT_BCRYPT_COST", "10".to_owned()),
    ];
    let node = Node::run(small_disk(folder.path(), "1m").args(WITH_DEFAULT_APP), &environment.into());
    let disk = PathBuf::from(format!("/proc/{}/root{}", node.pid(), folder.path().display()));
    let copy = folder.path().with_extension("db");
    let full = Full::new(node, disk);
    full.fills_and_recovers();
    for suffix in ["", "-wal"] {
        let name = format!("diglot.db{suffix}");
        fs::copy(full.disk.join(name), format!("{}{suffix}", copy.display())).unwrap();
    }
    assert_eq!(integrity(&copy), "ok");
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(format!("{}{suffix}", copy.display())).ok();
    }
}

/// What SQLite's own check says of a file.
fn integrity(file: &std::path::Path) -> String {
    use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, dsl::sql, sql_types::Text};
    let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    diesel::select(sql::<Text>("integrity_check FROM pragma_integrity_check")).get_result(&mut conn).unwrap()
}

#[actix_web::test]
#[ignore = "needs PostgreSQL on a file system of its own: run scripts/test"]
async fn a_full_disk_of_postgresql_gives_clean_errors_and_free_space_restores_writes() {
    let database = OwnServer::postgres_on_small_disk("100m");
    let environment = [
        ("DATABASE_URL", format!("postgres://postgres@{}/postgres", database.address)),
        ("DIGLOT_SECRET", "0123456789abcdef0123456789abcdef".to_owned()),
        ("DIGLOT_BCRYPT_COST", "10".to_owned()),
    ];
    let [sh, arguments @ ..] = WITH_DEFAULT_APP;
    let node = Node::run(Command::new(sh).args(arguments), &environment.into());
    Full::new(node, database.folder()).fills_and_recovers();
}
