//! What a read from the cache costs, in numbers that do not depend on the machine's load.

use std::process::Command;

use actix_web::rt::System;
use serde_json::json;

use crate::{
    cache::wait_until_trusted,
    support::{Node, Shell, TestApp, agent, are_logs_searched, post, signal},
};

const INFO: &str = "/v1/user/info";

/// 51 per request in November 2026, with those of the test's client; a tenth more.
const MAX_ALLOCATIONS: u64 = 56;

/// 67, while the log of the suite is kept at trace level.
const MAX_ALLOCATIONS_WITH_ALL_LOGS: u64 = 73;

/// 233,000 per request in a debug build in November 2026; a tenth more.
const MAX_INSTRUCTIONS: u64 = 256_000;

#[test]
fn a_read_from_the_cache_makes_few_allocations() {
    const REQUESTS: u64 = 50;
    let system = System::new();
    let (t, alice) = system.block_on(async {
        let t = TestApp::new().await;
        wait_until_trusted(&t).await;
        let alice = t.user("alice").await;
        (t, alice)
    });
    let info = async || t.anon().get(INFO).header("token", &alice.token).send().await.assert_ok();
    let round = || {
        let measured = allocation_counter::measure(|| {
            system.block_on(async {
                for _ in 0..REQUESTS {
                    info().await;
                }
            });
        });
        measured.count_total / REQUESTS
    };
    // Background tasks run in some of the rounds.
    let fewest = (0..5).map(|_| round()).min().unwrap();
    let max = if are_logs_searched() { MAX_ALLOCATIONS_WITH_ALL_LOGS } else { MAX_ALLOCATIONS };
    assert!(fewest <= max, "{fewest}");
}

#[test]
#[ignore = "needs valgrind: run scripts/test"]
fn a_read_from_the_cache_takes_few_instructions() {
    const REQUESTS: u64 = 200;
    let shell = Shell::new();
    shell.run(&["app", "create", "default"]);
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        // Counts only while a request is answered.
        .args(["--collect-atstart=no", "--toggle-collect=diglot::transport::acceptor::answer::*"])
        .args([env!("CARGO_BIN_EXE_diglot"), "serve"])
        .current_dir(shell.path());
    let node = Node::run(&mut command, &[("DIGLOT_WORKERS", "1".to_owned())].into_iter().collect());
    let agent = agent();
    let account = json!({"username": "alice", "name": "alice", "password": "correct horse"});
    let call = |path: &str| post(&agent, &node.url(path), &[("app_id", "default")], &account).unwrap().1;
    call("/user/register/v2");
    let token = call("/token/user")["data"]["token"].as_str().unwrap().to_owned();
    for _ in 0..REQUESTS {
        agent.get(node.url(INFO)).header("token", &token).call().unwrap();
    }
    signal(node.pid(), "TERM");
    let line = node.logged("Collected");
    let collected: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    let each = collected / REQUESTS;
    assert!(each <= MAX_INSTRUCTIONS, "{each}");
}
