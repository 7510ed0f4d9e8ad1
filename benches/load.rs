//! Throughput of authenticated reads, relative to bare actix and prost. Run by `scripts/bench`.
//!
//! All candidates take turns in the same run, since the machines are noisy; only the ratio is meaningful.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark is not part of the gateway"
)]

#[expect(dead_code, reason = "benches/sockets.rs uses the rest")]
mod support;

use std::{net::SocketAddr, thread, time::Duration};

use actix_web::{App, HttpResponse, HttpServer, web};
use diglot::transport::pb;
use prost::Message as _;
use support::{Gateway, get, load, median, users};

const ROUNDS: usize = 7;
const DURATION: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 32;
const USERS: usize = 50;

/// The baseline: bare actix and prost, with the same answer.
fn baseline() -> SocketAddr {
    async fn info() -> HttpResponse {
        let data =
            pb::OwnUser { id: "1".to_owned(), name: "bench_123_45".to_owned(), name_id: 1, ..Default::default() };
        let status = pb::Status { number: 2_543_995_675_182_737, code: 1, msg: "success".to_owned() };
        let answer = pb::InfoResponse { status: Some(status), data: Some(data) };
        HttpResponse::Ok().content_type("application/x-protobuf").body(answer.encode_to_vec())
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let server = HttpServer::new(|| App::new().route("/v1/user/info", web::get().to(info)));
        let server = server.listen(listener).unwrap().disable_signals().run();
        actix_web::rt::System::new().block_on(server).unwrap();
    });
    address
}

struct Candidate {
    name: String,
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    _gateway: Option<Gateway>,
}

async fn gateway(name: &str, settings: &[(&str, &str)]) -> Candidate {
    let gateway = Gateway::start(tempfile::tempdir().unwrap(), settings);
    let users = users(gateway.address, USERS).await;
    let requests = users.iter().map(|(_, token)| get("/v1/user/info", &[("token", token)])).collect();
    Candidate { name: name.to_owned(), address: gateway.address, requests, _gateway: Some(gateway) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let baseline = Candidate {
        name: "actix + prost alone".to_owned(),
        address: baseline(),
        requests: vec![get("/v1/user/info", &[("token", "3Z0O4rDI-SC0v-yCHn-IR6T-xsPkeR9X2e1w")])],
        _gateway: None,
    };
    let mut all = vec![
        baseline,
        gateway("SQLite, cached", &[]).await,
        gateway("SQLite, uncached", &[("DIGLOT_CACHE_MIB", "0")]).await,
    ];
    let servers = ["DIGLOT_TEST_DATABASE_URL", "DIGLOT_TEST_REDIS_URL"].map(std::env::var);
    if let [Ok(database), Ok(redis)] = servers {
        let settings = [("DATABASE_URL", database.as_str()), ("REDIS_URL", redis.as_str())];
        all.push(gateway("PostgreSQL + Redis, cached", &settings).await);
        let uncached = [&settings[..], &[("DIGLOT_CACHE_MIB", "0")]].concat();
        all.push(gateway("PostgreSQL + Redis, uncached", &uncached).await);
    } else {
        println!("PostgreSQL and Redis left out: DIGLOT_TEST_DATABASE_URL and DIGLOT_TEST_REDIS_URL name them");
    }
    let mut rates = vec![Vec::new(); all.len()];
    let mut slowest = vec![Vec::new(); all.len()];
    for _ in 0..ROUNDS {
        for (number, candidate) in all.iter().enumerate() {
            let load = load(candidate.address, &candidate.requests, CONNECTIONS, DURATION).await;
            rates[number].push(load.per_second);
            slowest[number].push(load.p99.as_secs_f64() * 1000.0);
        }
    }
    let baseline = median(rates[0].clone());
    println!("GET /v1/user/info, {CONNECTIONS} connections, {USERS} users, median of {ROUNDS} rounds");
    for (number, candidate) in all.iter().enumerate() {
        let rate = median(rates[number].clone());
        let p99 = median(slowest[number].clone());
        println!("{:32} {rate:9.0}/s  {:.2} of the baseline  p99 {p99:.1} ms", candidate.name, rate / baseline);
    }
}
