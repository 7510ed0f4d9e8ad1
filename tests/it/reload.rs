//! SIGHUP re-reads the settings that can change while the process runs.

use std::{fs, path::Path};

use diglot::config::{Flags, SETTINGS};
use serde_json::json;

use crate::support::{Node, Shell, agent, post, signal};

fn node(shell: &Shell) -> Node {
    Node::in_folder(shell, &["--config", "diglot.toml"], &Flags::new())
}

fn write(folder: &Path, settings: &str) {
    fs::write(folder.join("diglot.toml"), settings).unwrap();
}

/// The header that lets a page of `origin` read the answer, if there is one.
fn allowed(node: &Node, origin: &str) -> Option<String> {
    let answer = agent().get(node.url("/v1/user/info")).header("origin", origin).call().unwrap();
    answer.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
}

#[test]
fn a_reload_applies_limits_origins_and_log_level_and_names_what_needs_a_restart() {
    let shell = Shell::new();
    write(shell.path(), "cors_origins = ['https://old.example']\nregistrations_per_hour = 1000");
    shell.run(&["app", "create", "default"]);
    let node = node(&shell);
    let register = |name: &str| {
        let body = json!({"username": name, "password": "correct horse"});
        post(&agent(), &node.url("/user/register/v2"), &[("app_id", "default")], &body).unwrap().1["code"].clone()
    };
    assert_eq!((register("alice"), register("bob")), (json!(200), json!(200)));
    assert_eq!(allowed(&node, "https://old.example").as_deref(), Some("https://old.example"));

    write(
        shell.path(),
        "cors_origins = ['https://new.example']\nregistrations_per_hour = 2\nlog = 'info,access=off'\nworkers = 1\n",
    );
    signal(node.pid(), "HUP");
    let applied = node.logged("SIGHUP: applied ");
    assert!(applied.ends_with("applied DIGLOT_REGISTRATIONS_PER_HOUR, DIGLOT_CORS_ORIGINS, DIGLOT_LOG"), "{applied}");
    node.logged("SIGHUP: not applied before a restart: DIGLOT_WORKERS");
    assert_ne!(register("carol"), json!(200), "the third within an hour");
    assert_eq!(allowed(&node, "https://old.example"), None);
    assert_eq!(allowed(&node, "https://new.example").as_deref(), Some("https://new.example"));
    agent().get(node.url("/unlogged")).call().unwrap();
    signal(node.pid(), "HUP");
    node.logged("SIGHUP: no setting that can be applied has changed");
    assert!(!node.log().iter().any(|line| line.contains("/unlogged")), "access=off");
    node.stop();
}

#[test]
fn an_invalid_setting_changes_nothing() {
    let shell = Shell::new();
    write(shell.path(), "cors_origins = ['https://old.example']");
    shell.run(&["app", "create", "default"]);
    let node = node(&shell);

    for (settings, problem) in [
        ("cors_origins = ['https://new.example']\nbcrypt_cost = 3", "DIGLOT_BCRYPT_COST: must be a number"),
        ("cors_origins = ['https://new.example']\nlog = 'loud'", "DIGLOT_LOG: loud is not one of"),
        ("cors_origin = ['https://new.example']", "cors_origin is not a setting"),
        ("cors_origins = [", "diglot.toml"),
    ] {
        write(shell.path(), settings);
        signal(node.pid(), "HUP");
        node.logged(problem);
        assert_eq!(allowed(&node, "https://new.example"), None, "{settings}");
        assert_eq!(allowed(&node, "https://old.example").as_deref(), Some("https://old.example"));
    }
    fs::remove_file(shell.path().join("diglot.toml")).unwrap();
    signal(node.pid(), "HUP");
    node.logged("No such file");
    write(shell.path(), "cors_origins = ['https://old.example']");
    signal(node.pid(), "HUP");
    node.logged("SIGHUP: no setting that can be applied has changed");
    node.stop();
}

#[test]
fn the_documents_list_the_settings_that_a_reload_applies() {
    let listed = include_str!("../../docs/operations.md")
        .split_once("SIGHUP re-reads")
        .expect("the list")
        .1
        .split_once("\n\n")
        .unwrap()
        .0;
    for setting in SETTINGS {
        let is_listed = listed.contains(&format!("`{}`", setting.name));
        assert_eq!(is_listed, setting.is_reloadable, "{}", setting.name);
    }
}
