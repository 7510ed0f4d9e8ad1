//! What the gateway's dependencies do without it: reads by primary key, a Redis GET, and bcrypt.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use diesel::{Connection as _, PgConnection, SqliteConnection, prelude::*};
use redis::AsyncCommands as _;

use super::process;

const DURATION: Duration = Duration::from_secs(2);

/// As many as a node has connections to its database by default.
const CONNECTIONS: u64 = 8;

diesel::table! {
    users (id) {
        id -> BigInt,
        nickname -> Text,
    }
}

/// The reads or hashes per second of a dependency, measured by a process of its own.
pub fn measure(dependency: &str, url: &str, key: &str) -> f64 {
    let output = process::own(&["bare", dependency, url, key]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// In the process that measures: `key` is the highest user id, or the number of threads that hash.
pub fn run(dependency: &str, url: &str, key: &str) {
    let last: u64 = key.parse().unwrap();
    let done = match dependency {
        "sqlite" => in_threads(2, |thread| {
            let mut database = SqliteConnection::establish(url).unwrap();
            move |number| {
                let _: String = by_id(thread, number, last).first(&mut database).unwrap();
            }
        }),
        "postgres" => in_threads(CONNECTIONS, |thread| {
            let mut database = PgConnection::establish(url).unwrap();
            move |number| {
                let _: String = by_id(thread, number, last).first(&mut database).unwrap();
            }
        }),
        "bcrypt" => in_threads(last, |_| |_| drop(bcrypt::hash("correct horse battery", 10).unwrap())),
        "redis" => in_flight(url),
        _ => panic!("{dependency}?"),
    };
    println!("{}", done as f64 / DURATION.as_secs_f64());
}

/// One column of an account, by its primary key.
#[diesel::dsl::auto_type(no_type_alias)]
fn by_id(thread: u64, number: u64, last: u64) -> _ {
    let id: i64 = pick(thread, number, last);
    users::table.find(id).select(users::nickname)
}

/// An id up to `last`, different ones in no order.
fn pick(thread: u64, number: u64, last: u64) -> i64 {
    i64::try_from((thread + number).wrapping_mul(0x9E37_79B9_7F4A_7C15) % last + 1).unwrap()
}

fn in_threads<F: FnMut(u64)>(threads: u64, job: impl Fn(u64) -> F + Sync) -> u64 {
    let done = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..threads {
            let (job, done) = (&job, &done);
            scope.spawn(move || {
                let mut work = job(thread * 1_000_003);
                let started = Instant::now();
                let mut count = 0;
                while started.elapsed() < DURATION {
                    work(count);
                    count += 1;
                }
                done.fetch_add(count, Ordering::Relaxed);
            });
        }
    });
    done.into_inner()
}

/// Redis GETs, 32 in flight on one connection, as a node sends those of its requests.
fn in_flight(url: &str) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let redis = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
        let started = Instant::now();
        let readers = (0..32).map(|_| {
            let mut redis = redis.clone();
            async move {
                let mut count = 0;
                while started.elapsed() < DURATION {
                    let _: Option<String> = redis.get("bench").await.unwrap();
                    count += 1;
                }
                count
            }
        });
        futures_util::future::join_all(readers).await.into_iter().sum()
    })
}
