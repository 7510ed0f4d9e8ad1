//! Ten thousand sockets on one node: memory per socket, CPU time of heartbeats, and the effect on the latency of
//! requests. Run by `scripts/bench`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark is not part of the gateway"
)]

#[expect(dead_code, reason = "benches/load.rs uses the rest")]
mod support;

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use support::{Gateway, get, load, users};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config, tungstenite::Message};

const SOCKETS: usize = 10_000;
const USERS: usize = 400;

/// How often a client sends a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How long heartbeats are measured.
const WATCHED: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(gateway: &Gateway, (user, token): &(i64, String)) -> Socket {
    let url = format!("ws://{}/ws", gateway.address);
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

async fn requests(gateway: &Gateway, token: &str) -> (Duration, Duration) {
    let request = [get("/v1/user/info", &[("token", token)])];
    let load = load(gateway.address, &request, 1, Duration::from_secs(5)).await;
    (load.p50, load.p99)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let gateway = Gateway::start(tempfile::tempdir().unwrap(), &[]);
    let users = users(gateway.address, USERS).await;
    let (p50, p99) = requests(&gateway, &users[0].1).await;
    println!("without sockets: GET /v1/user/info p50 {p50:.1?}, p99 {p99:.1?}");
    let before = gateway.rss_kib();
    let mut sockets = Vec::new();
    for number in 0..SOCKETS {
        sockets.push(open(&gateway, &users[number % USERS]).await);
    }
    let after = gateway.rss_kib();
    let each = (after - before) as f64 / SOCKETS as f64;
    println!("{SOCKETS} sockets: {before} KiB before, {after} KiB after, {each:.1} KiB each");
    let (p50, p99) = requests(&gateway, &users[0].1).await;
    println!("with sockets: GET /v1/user/info p50 {p50:.1?}, p99 {p99:.1?}");
    let (cpu, started) = (gateway.cpu(), Instant::now());
    let pause = HEARTBEAT / u32::try_from(SOCKETS).unwrap();
    let mut beats = 0_u32;
    while started.elapsed() < WATCHED {
        tokio::time::sleep_until((started + pause * beats).into()).await;
        beat(&mut sockets[beats as usize % SOCKETS]).await;
        beats += 1;
    }
    let share = gateway.cpu().checked_sub(cpu).unwrap().as_secs_f64() / started.elapsed().as_secs_f64();
    let rate = f64::from(beats) / started.elapsed().as_secs_f64();
    println!("{rate:.0} heartbeats a second (one a socket every {HEARTBEAT:?}): {:.1} % of a core", share * 100.0);
    println!("{} KiB at the end", gateway.rss_kib());
}
