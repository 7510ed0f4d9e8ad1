//! What `diglot doctor` says of each kind of Redis, by URLs with users and passwords of any characters, and over TLS.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use diglot::config::Flags;

use crate::support::{Alone, Certificate, Cluster, OwnServer, Shell, Watched, free_address};

/// What the doctor says of the state. No output shows a password.
fn state(redis_url: &str, certificates: &str) -> String {
    let environment = [
        ("REDIS_URL", redis_url),
        ("DIGLOT_LISTEN", "127.0.0.1:0"),
        ("DIGLOT_WEB_LISTEN", ""),
        ("DIGLOT_OPS_LISTEN", ""),
        ("SSL_CERT_FILE", certificates),
    ];
    let shell = Shell::with(Flags::from(environment.map(|(name, value)| (name, value.to_owned()))));
    let mut lines = String::new();
    for command in ["migrate", "doctor", "config"] {
        let output = shell.output(&[command]);
        for bytes in [output.stdout, output.stderr] {
            lines.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
    assert!(!lines.contains("p@ss") && !lines.contains("p%40ss"), "{lines}");
    let finding = lines.lines().find_map(|line| Some(line.split_once(" state ")?.1.trim_start().to_owned()));
    finding.unwrap_or(lines)
}

#[test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
fn the_doctor_says_how_redis_is_reached_and_what_is_wrong_with_its_url() {
    let (alone, watched, cluster) = (Alone::start(), Watched::start(), Cluster::start(0));
    let state = |url: &str| state(url, "");
    assert_eq!(state(&alone.url()), "Redis");
    assert_eq!(state(&watched.url()), "Redis with Sentinel");
    assert_eq!(state(&cluster.url()), "Redis Cluster");

    for (url, problem) in [
        (alone.url().replace("p%40ss", "x-p%40ss"), "Password authentication failed"),
        (cluster.url().replace("p%40ss", "x-p%40ss"), "Password authentication failed"),
        (watched.url().replacen("p%40ss", "x-p%40ss", 1), "Password authentication failed"),
        (watched.url().replace("sentinel_password=", "sentinel_password=x"), "Password authentication failed"),
        (watched.url().replace("/main", "/other"), "no master from the Sentinels"),
        (watched.url_of_a_sentinel(), "this is a Sentinel, not the Redis that it watches (redis+sentinel://"),
        (watched.url_of_the_replica(), "this is a replica"),
        (cluster.url_of_a_node(), "this is a node of a Redis Cluster (redis+cluster://"),
        (alone.url().replace("redis://", "redis+cluster://").replace("/3", ""), "cluster support disabled"),
    ] {
        let said = state(&url);
        assert!(said.contains(problem), "{problem} in {said}");
    }
}

/// A Cluster with one node, which speaks TLS only.
fn cluster_of_one(key: &str, certificate: &str) -> OwnServer {
    let bus = free_address().port().to_string();
    let settings = ["--cluster-enabled", "yes", "--tls-cluster", "yes", "--cluster-port", &bus];
    let server = OwnServer::redis_with_tls(key, certificate, &settings);
    let ask = |words: &[&str]| {
        let mut client = Command::new("redis-cli");
        client.args(["--tls", "--cacert", certificate, "-p", &server.address.port().to_string()]).args(words);
        String::from_utf8(client.output().unwrap().stdout).unwrap()
    };
    assert_eq!(ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]), "OK\n");
    let started = Instant::now();
    while !ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok") {
        assert!(started.elapsed() < Duration::from_secs(30), "the Cluster does not form");
    }
    server
}

#[test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
fn redis_is_reached_over_tls_if_its_certificate_is_trusted() {
    let files = Certificate::new();
    let [key, certificate] = ["key", "certificate"].map(|name| files.path(name).display().to_string());
    let server = OwnServer::redis_with_tls(&key, &certificate, &[]);
    let url = format!("rediss://localhost:{}", server.address.port());
    assert_eq!(state(&url, &certificate), "Redis");
    let untrusted = state(&url, "/etc/ssl/certs/ca-certificates.crt");
    assert!(untrusted.contains("certificate"), "{untrusted}");
    let other_name = state(&url.replace("localhost", "127.0.0.2"), &certificate);
    assert!(other_name.contains("certificate"), "{other_name}");
    let plain = state(&url.replace("rediss", "redis"), &certificate);
    assert!(plain.contains("the shared state is unavailable"), "{plain}");

    let sentinel = OwnServer::sentinel_with_tls(server.address, &key, &certificate);
    assert_eq!(state(&format!("rediss+sentinel://{}/main", sentinel.address), &certificate), "Redis with Sentinel");
    let cluster = cluster_of_one(&key, &certificate);
    assert_eq!(state(&format!("rediss+cluster://{}", cluster.address), &certificate), "Redis Cluster");
}
