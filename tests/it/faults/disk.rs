//! A full disk (security.md 49): clean errors, and recovery when there is room again; the database file stays sound.

use std::process::Command;

use serde_json::json;

use crate::support::{Node, TestApp, agent, post};

/// As if the disk were full: no file of the process may grow beyond that.
fn limit_files(pid: u32, bytes: &str) {
    let limited = Command::new("prlimit").arg("--pid").arg(pid.to_string()).arg(format!("--fsize={bytes}:")).status();
    assert!(limited.unwrap().success());
}

#[actix_web::test]
async fn a_full_disk_refuses_cleanly_and_room_helps() {
    let t = TestApp::new().await;
    if !t.gateway.config.database_url.is_embedded() {
        // PostgreSQL's disk is PostgreSQL's; what it says then is taken for an outage.
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
    assert_eq!(status, 200, "what is there can be read");
    limit_files(node.pid(), "unlimited");
    let (status, answer) = write(400);
    assert_eq!((status, &answer["code"]), (200, &json!(1)), "{answer}");
    node.stop();
    let sound = "SELECT COUNT(*) AS number FROM pragma_integrity_check WHERE integrity_check = 'ok'";
    assert_eq!(t.number(sound).await, 1);
}
