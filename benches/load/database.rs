//! A database of PostgreSQL for one run.

use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, sql_types::BigInt};

/// A database on the server of a URL, dropped at the end.
pub struct Database {
    server: String,
    name: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Database {
    pub fn create(server: &str) -> Self {
        let database = Self { server: server.to_owned(), name: format!("diglot_bench_{}", std::process::id()) };
        let statement = format!("CREATE DATABASE {}", database.name);
        diesel::sql_query(statement).execute(&mut database.connect()).unwrap();
        database
    }

    fn connect(&self) -> PgConnection {
        PgConnection::establish(&self.server).unwrap()
    }

    pub fn url(&self) -> String {
        let mut url = url::Url::parse(&self.server).unwrap();
        url.set_path(&self.name);
        url.into()
    }

    /// The transactions that were committed in it.
    pub fn transactions(&self) -> i64 {
        self.number(&format!("SELECT xact_commit AS number FROM pg_stat_database WHERE datname = '{}'", self.name))
    }

    /// The connections to it.
    pub fn connections(&self) -> i64 {
        self.number(&format!("SELECT count(*) AS number FROM pg_stat_activity WHERE datname = '{}'", self.name))
    }

    fn number(&self, query: &str) -> i64 {
        diesel::sql_query(query).get_result::<Number>(&mut self.connect()).unwrap().number
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        diesel::sql_query(format!("DROP DATABASE {} WITH (FORCE)", self.name)).execute(&mut self.connect()).unwrap();
    }
}
