//! Faults of the servers that the gateway depends on (security.md 44–49). Each test starts servers of its own.

mod balancers;
mod crash;
mod disk;
mod doctor;
mod edits;
mod nodes;
mod pgbouncer;
mod postgres;
mod promotion;
mod redis;
mod redis_sets;
mod redis_urls;
mod refusals;
mod webhooks;

use std::net::SocketAddr;

use diesel::{PgConnection, QueryableByName, RunQueryDsl as _, sql_types::BigInt};

use crate::support::{Backend, OwnServer, TestApp};

/// A gateway with servers of its own.
struct Gateway {
    t: TestApp,
    database: OwnServer,
    redis: OwnServer,
}

impl Gateway {
    async fn new() -> Self {
        let database = OwnServer::postgres();
        let address = database.address;
        Self::through(database, address).await
    }

    /// A gateway that connects to its database through `address`.
    async fn through(database: OwnServer, address: SocketAddr) -> Self {
        let redis = OwnServer::redis();
        let url = format!("postgres://postgres@{address}/postgres");
        let t = TestApp::on(Backend::on(url, format!("redis://{}", redis.address)), |_| {}).await;
        Self { t, database, redis }
    }
}

/// The number of rows of `from`, which may have conditions.
fn count(conn: &mut PgConnection, from: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    diesel::sql_query(format!("SELECT COUNT(*) AS number FROM {from}")).get_result::<Number>(conn).unwrap().number
}
