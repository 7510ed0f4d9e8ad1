//! Upgrades: databases that an older version wrote (`tests/upgrade/write`) are migrated and answer as before, and nodes of
//! both versions serve side by side.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use diesel::{Connection as _, PgConnection, SqliteConnection, connection::SimpleConnection as _};
use diglot::config::Flags;
use serde_json::{Value, json};

use crate::support::{Node, OwnServer, PASSWORD, Shell, agent, post, within_a_second};

/// What the older version answered where an answer depends on the time of the request.
const CHANGING: [&str; 7] =
    ["request_id", "requestId", "token", "onlineDay", "continuousOnlineDay", "lastActiveTime", "last_active_time"];

/// The settings with which `tests/upgrade/write` filled a database.
fn environment(database_url: String) -> Flags {
    Flags::from([
        ("DATABASE_URL", database_url),
        ("DIGLOT_SECRET", "0123456789abcdef0123456789abcdef".to_owned()),
        ("DIGLOT_SESSION_MAX_AGE_DAYS", "3650".to_owned()),
        ("DIGLOT_SESSION_MAX_IDLE_DAYS", "3650".to_owned()),
    ])
}

/// Everything that the older answer has is in the newer one, which may have more.
fn assert_still_there(newer: &Value, older: &Value, at: &str) {
    match (newer, older) {
        (Value::Object(newer), Value::Object(older)) => {
            for (name, value) in older.iter().filter(|(name, _)| !CHANGING.contains(&name.as_str())) {
                assert_still_there(newer.get(name).unwrap_or(&Value::Null), value, &format!("{at}.{name}"));
            }
        }
        (Value::Array(newer), Value::Array(older)) if newer.len() == older.len() => {
            for (position, (newer, older)) in newer.iter().zip(older).enumerate() {
                assert_still_there(newer, older, &format!("{at}[{position}]"));
            }
        }
        // jq writes 0.0 as 0.
        (Value::Number(newer), Value::Number(older)) => assert_eq!(newer.as_f64(), older.as_f64(), "{at}"),
        _ => assert_eq!(newer, older, "{at}"),
    }
}

/// Sends the recorded requests to a node of this version.
fn assert_answers_as_before(node: &Node, tokens: &Value, recorded: &str) {
    assert!(recorded.lines().count() > 10);
    for line in recorded.lines() {
        let recorded: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| recorded[name].as_str().unwrap();
        let headers: &[(&str, &str)] = match text("who") {
            "alice" => &[("token", tokens["alice"].as_str().unwrap())],
            "admin" => &[("app_id", "default"), ("access-token", tokens["admin"].as_str().unwrap())],
            _ => &[("app_id", "default")],
        };
        let url = node.url(text("path"));
        let answer = if text("method") == "GET" {
            let request = agent().get(&url).header("accept", "application/json");
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            serde_json::from_str(&request.call().unwrap().body_mut().read_to_string().unwrap()).unwrap()
        } else {
            post(&agent(), &url, headers, &serde_json::from_str(text("body")).unwrap()).unwrap().1
        };
        assert_still_there(&answer, &recorded["answer"], text("path"));
    }
}

fn assert_upgrades(shell: &Shell, database_url: &str, tokens: &str, recorded: &str) {
    assert!(shell.run(&["migrate"]).contains("applied"), "the fixture is older than the newest migration");
    shell.run(&["doctor"]);
    let node = Node::in_folder(shell, &[], &environment(database_url.to_owned()));
    assert_answers_as_before(&node, &serde_json::from_str(tokens).unwrap(), recorded);
    let login = json!({"name": "bob", "password": PASSWORD});
    let answer = post(&agent(), &node.url("/token/user"), &[("app_id", "default")], &login).unwrap().1;
    assert_eq!(answer["code"], 200, "{answer}");
    node.stop();
}

#[test]
fn an_sqlite_database_of_an_older_version_is_migrated_and_answers_as_before() {
    let url = "sqlite:diglot.db";
    let shell = Shell::with(environment(url.to_owned()));
    let path = shell.path().join("diglot.db");
    let mut database = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    database.batch_execute(include_str!("../upgrade/sqlite.sql")).unwrap();
    drop(database);
    // As the gateway makes it; the doctor finds others.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let (tokens, recorded) = (include_str!("../upgrade/sqlite.json"), include_str!("../upgrade/sqlite.answers"));
    assert_upgrades(&shell, url, tokens, recorded);
}

#[test]
#[ignore = "needs PostgreSQL of its own: run scripts/test"]
fn a_postgresql_database_of_an_older_version_is_migrated_and_answers_as_before() {
    let server = OwnServer::postgres();
    let url = format!("postgres://postgres@{}/postgres", server.address);
    PgConnection::establish(&url).unwrap().batch_execute(include_str!("../upgrade/postgres.sql")).unwrap();
    let shell = Shell::with(environment(url.clone()));
    let (tokens, recorded) = (include_str!("../upgrade/postgres.json"), include_str!("../upgrade/postgres.answers"));
    assert_upgrades(&shell, &url, tokens, recorded);
}

/// The binary of the older version, which `scripts/test --full` builds.
const OLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/older/debug/diglot");

#[actix_web::test]
#[ignore = "needs the binary of an older version, PostgreSQL and Redis of its own: run scripts/test --full"]
async fn nodes_of_neighbouring_versions_serve_side_by_side() {
    assert!(Path::new(OLDER).exists(), "scripts/test --full builds it");
    let (database, redis) = (OwnServer::postgres(), OwnServer::redis());
    let mut environment = environment(format!("postgres://postgres@{}/postgres", database.address));
    environment.insert("REDIS_URL", format!("redis://{}", redis.address));
    let older = |args: &[&str]| {
        let status = Command::new(OLDER).args(args).env_clear().envs(&environment).status().unwrap();
        assert!(status.success(), "{args:?}");
    };
    older(&["migrate"]);
    older(&["app", "create", "default"]);
    let shell = Shell::with(environment.clone());
    let before = Node::run(Command::new(OLDER).arg("serve"), &environment);
    // As docs/operations.md says: first the migrations, then one node after the other.
    shell.run(&["migrate"]);
    let after = Node::start(&environment);

    let app = [("app_id", "default")];
    let tokens: Vec<String> = [(&before, &after), (&after, &before)]
        .into_iter()
        .enumerate()
        .map(|(number, (register, log_in))| {
            let name = format!("user{number}");
            let account = json!({"username": name, "password": PASSWORD});
            assert_eq!(post(&agent(), &register.url("/user/register/v2"), &app, &account).unwrap().1["code"], 200);
            let login = json!({"name": name, "password": PASSWORD});
            let answer = post(&agent(), &log_in.url("/token/user"), &app, &login).unwrap().1;
            answer["data"]["token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
        })
        .collect();
    let own_user = |node: &Node, token: &str| -> Value {
        let request =
            agent().get(node.url("/v1/user/info")).header("token", token).header("accept", "application/json");
        let text = request.call().unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["data"]["user"].clone()
    };
    assert!(!own_user(&before, &tokens[0]).is_null());
    for ((writer, reader), token) in [(&before, &after), (&after, &before)].into_iter().zip(&tokens) {
        assert_eq!(own_user(writer, token), own_user(reader, token));
        let rename = json!({"nickname": "renamed"});
        let answer = post(&agent(), &writer.url("/v1/user/edit-nickname"), &[("token", token)], &rename).unwrap().1;
        assert_eq!(answer["code"], 1, "{answer}");
        within_a_second(async || own_user(reader, token) == own_user(writer, token)).await;
    }
    for (user, token) in ["1", "2"].iter().zip(&tokens) {
        shell.run(&["user", "disable", "--app", "default", user]);
        within_a_second(async || own_user(&before, token).is_null() && own_user(&after, token).is_null()).await;
    }
    before.stop();
    after.stop();
}
