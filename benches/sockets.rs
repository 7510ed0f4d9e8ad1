//! Ten thousand sockets on one node: memory per socket, CPU time of heartbeats, and the effect on the latency of
//! requests. Run by `scripts/bench`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark is not part of the gateway"
)]

#[expect(dead_code, reason = "benches/load uses the rest")]
mod support;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use support::{
    client::{Load, Running},
    exchange::{Exchange, request, write},
    gateway::{self, Gateway, Settings},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config, tungstenite::Message};

const SOCKETS: usize = 10_000;
const USERS: usize = 400;

/// How often a client sends a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How long heartbeats are measured.
const WATCHED: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(gateway: &Gateway, user: i64, token: &str) -> Socket {
    let url = format!("ws://{}/ws", gateway.app);
    let (mut socket, _) = connect_async_with_config(url, None, true).await.unwrap();
    let login = json!({"seq": "1", "cmd": "login", "data": {"userId": user, "token": token}});
    socket.send(Message::text(login.to_string())).await.unwrap();
    beat(&mut socket).await;
    socket
}

async fn beat(socket: &mut Socket) {
    socket.send(Message::text(r#"{"seq":"2","cmd":"heartbeat","data":{}}"#)).await.unwrap();
    assert!(socket.next().await.unwrap().unwrap().is_binary());
}

/// The latency of requests, one after the other.
fn requests(gateway: &Gateway, file: &Path) -> Load {
    Running::start(gateway.app, 1, 5.0, file).finish()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    support::play_role();
    let folder = tempfile::tempdir().unwrap();
    // All come from one address.
    let settings: Settings =
        vec![("DIGLOT_SOCKETS_PER_SOURCE", "100000".to_owned()), ("DIGLOT_CONNECTIONS_PER_SOURCE", "0".to_owned())];
    gateway::create(folder.path(), &settings, USERS);
    let accounts = gateway::accounts(folder.path(), &settings);
    let gateway = Gateway::start(folder.path(), &settings);
    let tokens = gateway.log_in(&accounts);
    let file = folder.path().join("requests");
    write(&file, [Exchange::new(request("GET", "/v1/user/info", &[("token", &tokens[0])], b""), &[b"success"])]);
    let alone = requests(&gateway, &file);
    println!("without sockets: GET /v1/user/info p50 {:.2} ms, p99 {:.2} ms", alone.p50_ms, alone.p99_ms);
    let before = gateway.process.rss_mib();
    let mut sockets = Vec::new();
    for number in 0..SOCKETS {
        sockets.push(open(&gateway, accounts[number % USERS].id, &tokens[number % USERS]).await);
    }
    let after = gateway.process.rss_mib();
    let each = (after - before) * 1024.0 / SOCKETS as f64;
    println!("{SOCKETS} sockets: {before:.0} MiB before, {after:.0} MiB after, {each:.1} KiB each");
    let beside = requests(&gateway, &file);
    println!("with sockets: GET /v1/user/info p50 {:.2} ms, p99 {:.2} ms", beside.p50_ms, beside.p99_ms);
    let (cpu, started) = (gateway.process.cpu(), Instant::now());
    let pause = HEARTBEAT / u32::try_from(SOCKETS).unwrap();
    let mut beats = 0_u32;
    while started.elapsed() < WATCHED {
        tokio::time::sleep_until((started + pause * beats).into()).await;
        beat(&mut sockets[beats as usize % SOCKETS]).await;
        beats += 1;
    }
    let share = gateway.process.cpu().checked_sub(cpu).unwrap().as_secs_f64() / started.elapsed().as_secs_f64();
    let rate = f64::from(beats) / started.elapsed().as_secs_f64();
    println!("{rate:.0} heartbeats a second (one a socket every {HEARTBEAT:?}): {:.1} % of a core", share * 100.0);
    println!("{:.0} MiB at the end", gateway.process.rss_mib());
}
