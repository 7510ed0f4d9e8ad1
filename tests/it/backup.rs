//! Copies of the database: `diglot backup` and `diglot restore`, and PostgreSQL's own tools.

use std::{
    fs,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use diglot::config::Flags;
use serde_json::{Value, json};

use crate::support::{Node, OwnServer, PASSWORD, Shell, agent, post};

/// `diglot serve` in the folder of the shell.
fn serve(shell: &Shell) -> Node {
    let environment = Flags::from([("DIGLOT_REGISTRATIONS_PER_HOUR", "1000000".to_owned())]);
    Node::in_folder(shell, &[], &environment)
}

fn register(node: &Node, name: &str) {
    let body = json!({"username": name, "password": PASSWORD});
    let answer = post(&agent(), &node.url("/user/register/v2"), &[("app_id", "default")], &body).unwrap();
    assert_eq!(answer.1["code"], 200, "{answer:?}");
}

fn log_in(node: &Node, name: &str) -> String {
    let body = json!({"name": name, "password": PASSWORD});
    let answer = post(&agent(), &node.url("/token/user"), &[("app_id", "default")], &body).unwrap().1;
    answer["data"]["token"].as_str().unwrap_or_else(|| panic!("{name}: {answer}")).to_owned()
}

/// The answers to requests whose answers depend on nothing but the database.
fn golden(node: &Node, token: &str) -> Vec<Vec<u8>> {
    ["/v1/user/info", "/v1/user/clients", "/v1/user/notification-info", "/v1/user/module-ignore-info"]
        .iter()
        .map(|path| {
            let request = agent().get(node.url(path)).header("token", token).header("x-request-id", "7");
            request.call().unwrap().body_mut().read_to_vec().unwrap()
        })
        .collect()
}

/// A folder with a database that has been used, and its copy.
fn copied() -> Shell {
    let shell = Shell::new();
    shell.run(&["app", "create", "default"]);
    shell.run(&["backup", "copy.db"]);
    shell
}

/// A folder with the secret of another one, and no database.
fn with_secret_of(other: &Shell) -> Shell {
    let shell = Shell::new();
    fs::copy(other.path().join("diglot.db.secret"), shell.path().join("diglot.db.secret")).unwrap();
    shell
}

#[test]
fn a_copy_made_while_accounts_are_created_is_consistent_and_answers_like_the_original() {
    let original = Shell::new();
    original.run(&["app", "create", "default"]);
    let node = Arc::new(serve(&original));
    register(&node, "alice");
    let token = log_in(&node, "alice");
    let (created, is_over) = (Arc::new(Mutex::new(vec!["alice".to_owned()])), Arc::new(AtomicBool::new(false)));
    let load: Vec<_> = (0..2)
        .map(|writer| {
            let (node, created, is_over) = (Arc::clone(&node), Arc::clone(&created), Arc::clone(&is_over));
            thread::spawn(move || {
                for number in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    let name = format!("user_{writer}_{number}");
                    register(&node, &name);
                    created.lock().unwrap().push(name);
                }
            })
        })
        .collect();

    let copy = original.path().join("copy.db");
    while created.lock().unwrap().len() < 10 {
        assert!(!load.iter().any(thread::JoinHandle::is_finished), "a writer has failed");
        thread::yield_now();
    }
    let before = created.lock().unwrap().clone();
    original.run(&["backup", copy.to_str().unwrap()]);
    let expected = golden(&node, &token);
    is_over.store(true, Ordering::Relaxed);
    for writer in load {
        writer.join().unwrap();
    }

    let restored = with_secret_of(&original);
    restored.run(&["restore", copy.to_str().unwrap()]);
    restored.run(&["doctor"]);
    let again = serve(&restored);
    assert_eq!(golden(&again, &token), expected);
    for name in &before {
        log_in(&again, name);
    }
    let listed = restored.run(&["user", "list", "--app", "default", "--size", "200", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let created = created.lock().unwrap();
    let is_known = |user: &Value| created.iter().any(|name| user["username"] == name.as_str());
    assert!(listed["items"].as_array().unwrap().iter().all(is_known), "{listed}");
    again.stop();
}

#[test]
fn a_copy_is_readable_by_its_owner_only_and_overwrites_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let shell = copied();
    let copy = shell.path().join("copy.db");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&copy).unwrap();
    assert_eq!(shell.fail(&["backup", "copy.db"]), "diglot: copy.db exists already");
    assert_eq!(fs::read(&copy).unwrap(), before);
    assert_eq!(
        shell.fail(&["restore", "copy.db"]),
        "diglot: the database diglot.db exists already; --replace keeps it under another name"
    );
    let said = shell.run(&["restore", "copy.db", "--replace"]);
    assert_eq!(said, "restored copy.db to sqlite:diglot.db; the old database is diglot.db.replaced-1\n");
    shell.run(&["doctor"]);
    let mut names: Vec<_> =
        fs::read_dir(shell.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    assert_eq!(names, ["copy.db", "diglot.db", "diglot.db.replaced-1", "diglot.db.secret"]);
}

#[test]
fn what_is_not_an_intact_copy_made_with_this_secret_is_not_restored() {
    let shell = copied();
    let before = fs::read(shell.path().join("diglot.db")).unwrap();
    let copy = fs::read(shell.path().join("copy.db")).unwrap();
    let damaged: Vec<u8> =
        copy.iter().enumerate().map(|(at, byte)| if at > 9000 && at < 20_000 { 7 } else { *byte }).collect();
    for (name, bytes) in
        [("empty", &b""[..]), ("text", b"no database"), ("short", &copy[..copy.len() / 2]), ("damaged", &damaged)]
    {
        fs::write(shell.path().join(name), bytes).unwrap();
        let problem = shell.fail(&["restore", name, "--replace"]);
        assert!(problem.starts_with(&format!("diglot: {name}: ")), "{problem}");
    }
    shell.fail(&["restore", "missing", "--replace"]);
    let other = Shell::new();
    other.run(&["app", "create", "default"]);
    other.run(&["backup", shell.path().join("other.db").to_str().unwrap()]);
    let problem = shell.fail(&["restore", "other.db", "--replace"]);
    assert!(problem.contains("was made with another DIGLOT_SECRET"), "{problem}");
    assert_eq!(fs::read(shell.path().join("diglot.db")).unwrap(), before, "nothing has changed");

    let empty = Shell::new();
    let problem = empty.fail(&["restore", shell.path().join("copy.db").to_str().unwrap()]);
    assert!(problem.starts_with("diglot: diglot.db.secret: is missing"), "{problem}");
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn a_database_in_use_is_not_replaced() {
    let shell = copied();
    let node = serve(&shell);
    register(&node, "alice");
    assert_eq!(shell.fail(&["restore", "copy.db", "--replace"]), "diglot: diglot.db is in use; stop the gateway first");
    log_in(&node, "alice");
    node.stop();
    shell.run(&["restore", "copy.db", "--replace"]);
}

#[test]
fn the_log_of_a_lost_database_is_not_applied_to_the_restored_one() {
    let shell = copied();
    let node = serve(&shell);
    register(&node, "alice");
    node.kill();
    fs::remove_file(shell.path().join("diglot.db")).unwrap();
    assert!(fs::metadata(shell.path().join("diglot.db-wal")).unwrap().len() > 0);
    shell.run(&["restore", "copy.db"]);
    assert_eq!(shell.run(&["user", "list", "--app", "default", "--json"]), "{\"items\":[]}\n");
}

#[test]
fn of_a_database_server_its_own_tools_make_copies() {
    let shell = Shell::new();
    let url = "postgres://postgres:sesame@127.0.0.1:1/postgres";
    let secret = "0123456789abcdef0123456789abcdef";
    for command in [["backup", "copy.db"], ["restore", "copy.db"]] {
        let output = shell.command(&command).env("DATABASE_URL", url).env("DIGLOT_SECRET", secret).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("pg_dump") && !said.contains("sesame"), "{said}");
    }
}

#[test]
#[ignore = "needs PostgreSQL of its own: run scripts/test"]
fn the_documented_copy_of_a_postgresql_database_answers_like_the_original() {
    let server = OwnServer::postgres();
    let url = |database: &str| format!("postgres://postgres@{}/{database}", server.address);
    let environment = |database: &str| {
        Flags::from([("DATABASE_URL", url(database)), ("DIGLOT_SECRET", "0123456789abcdef0123456789abcdef".to_owned())])
    };
    let shell = Shell::with(environment("postgres"));
    shell.run(&["migrate"]);
    shell.run(&["app", "create", "default"]);
    let node = Node::start(&environment("postgres"));
    register(&node, "alice");
    let token = log_in(&node, "alice");

    let documented = include_str!("../../docs/operations.md");
    let commands = documented.split_once("```\npg_dump").expect("the commands").1.split_once("```").unwrap().0;
    let script = format!("set -e\npg_dump{commands}")
        .replace("$DATABASE_URL", &url("postgres"))
        .replace("$NEW_DATABASE_URL", &url("restored"));
    let maintenance = url("postgres");
    let create = Command::new("psql").args([&maintenance, "-qc", "CREATE DATABASE restored"]).status().unwrap();
    assert!(create.success());
    let output = Command::new("sh").args(["-c", &script]).current_dir(shell.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = golden(&node, &token);

    let restored = Shell::with(environment("restored"));
    restored.run(&["doctor"]);
    let (a, b) = (Node::start(&environment("restored")), Node::start(&environment("restored")));
    assert_eq!(golden(&a, &token), expected);
    log_in(&b, "alice");
    restored.run(&["user", "disable", "--app", "default", "1"]);
    let info = |node: &Node| {
        let request =
            agent().get(node.url("/v1/user/info")).header("token", &token).header("accept", "application/json");
        request.call().unwrap().body_mut().read_to_string().unwrap()
    };
    let started = std::time::Instant::now();
    while info(&a).contains("\"code\":1,") || info(&b).contains("\"code\":1,") {
        assert!(started.elapsed().as_secs() < 2, "the nodes do not hear of the change");
    }
    a.stop();
    b.stop();
}
