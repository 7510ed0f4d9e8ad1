//! A full disk (security.md 49): clean errors, recovery once there is space again, and an intact database file.

use std::process::Command;

use serde_json::json;

use crate::support::{Node, TestApp, agent, post};

/// Simulates a full disk: no file of the process may grow beyond this size.
fn limit_files(pid: u32, bytes: &str) {
    let limited = Command::new("prlimit").arg("--pid").arg(pid.to_string()).arg(format!("--fsize={bytes}:")).status();
    assert!(limited.unwrap().success());
}

#[actix_web::test]
async fn a_full_disk_gives_clean_errors_and_free_space_restores_writes() {
    let t = TestApp::new().await;
    if !t.gateway.config.database_url.is_embedded() {
        // PostgreSQL has a disk of its own; its errors are treated as an outage.
        return;
    }
    t.clock.set_to_now();
    let alice = t.user("alice").await;
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" serve", env!("CARGO_BIN_EXE_diglot")]);
    let node = Node::run(&mut shell, &t.environment());
    let agent = agent();
    let write = |bytes: usize| {
        let body = json!({"introduction": "x".repeat(bytes)});
        post(&agent, &node.url("/v1/user/save-user-data"), &[("token", &alice.token)], &body).unwrap()
    };
    assert_eq!(write(1).0, 200);
    limit_files(node.pid(), "4096");
    for _ in 0..5 {
        let (status, answer) = write(400);
        assert_eq!((status, &answer["code"]), (503, &json!(-1)), "{answer}");
    }
    let (status, _) =
        post(&agent, &node.url("/v1/user/get-user-data"), &[("token", &alice.token)], &json!({})).unwrap();
    assert_eq!(status, 200, "reads still work");
    limit_files(node.pid(), "unlimited");
    let (status, answer) = write(400);
    assert_eq!((status, &answer["code"]), (200, &json!(1)), "{answer}");
    node.stop();
    let sound = "SELECT COUNT(*) AS number FROM pragma_integrity_check WHERE integrity_check = 'ok'";
    assert_eq!(t.number(sound).await, 1);
}
