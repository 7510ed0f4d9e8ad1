//! Direct access to the database, for data without a public API.

use diesel::{
    QueryableByName, RunQueryDsl as _,
    sql_types::{BigInt, Nullable, SmallInt, Text},
};
use diglot::store::{Conn, DatabaseUrl, StoreError};
use serde_json::{Map, Value};

use super::TestApp;

/// One text of a query's result.
#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Text)]
    text: String,
}

/// A row of the audit log.
#[derive(Debug, QueryableByName)]
pub struct AuditRow {
    #[diesel(sql_type = BigInt)]
    pub at_ms: i64,
    #[diesel(sql_type = Text)]
    pub app_id: String,
    #[diesel(sql_type = SmallInt)]
    pub actor_kind: i16,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub actor_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub for_user: Option<i64>,
    #[diesel(sql_type = Text)]
    pub action: String,
    #[diesel(sql_type = Text)]
    pub target: String,
    #[diesel(sql_type = Text)]
    pub address: String,
    #[diesel(sql_type = Text)]
    pub request_id: String,
    #[diesel(sql_type = Text)]
    pub result: String,
}

impl TestApp {
    /// Runs one statement.
    pub async fn execute(&self, sql: &str) -> Result<usize, StoreError> {
        let sql = sql.to_owned();
        self.gateway.db.write(move |conn| Ok(diesel::sql_query(sql).execute(conn)?)).await
    }

    /// The column `number` of a query's result.
    pub async fn number(&self, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let sql = sql.to_owned();
        let read = move |conn: &mut Conn| Ok::<_, StoreError>(diesel::sql_query(sql).get_result::<Row>(conn)?.number);
        self.gateway.db.read(read).await.unwrap()
    }

    /// The audit log of the default app, oldest first.
    pub async fn audit_rows(&self) -> Vec<AuditRow> {
        let sql = "SELECT * FROM audit_log WHERE app_id = 'default' ORDER BY id";
        self.gateway.db.read::<_, StoreError>(move |conn| Ok(diesel::sql_query(sql).load(conn)?)).await.unwrap()
    }

    /// The column `text` of a query's result.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = sql.to_owned();
        let read = move |conn: &mut Conn| Ok::<_, StoreError>(diesel::sql_query(sql).load::<TextRow>(conn)?);
        self.gateway.db.read(read).await.unwrap().into_iter().map(|row| row.text).collect()
    }

    /// The names of all tables.
    pub async fn tables(&self) -> Vec<String> {
        let sql = if self.is_sqlite() {
            "SELECT name AS text FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        } else {
            "SELECT table_name::text AS text FROM information_schema.tables WHERE table_schema = current_schema"
        };
        let mut names = self.texts(sql).await;
        names.sort();
        names
    }

    /// All rows of a table, with every value as it is stored; bytes are in hexadecimal.
    pub async fn rows(&self, table: &str) -> Vec<Map<String, Value>> {
        let sql = if self.is_sqlite() {
            let columns = self.texts(&format!("SELECT name AS text FROM pragma_table_info('{table}')")).await;
            let pairs: Vec<String> = columns.iter().map(|name| format!("'{name}', quote({name})")).collect();
            format!("SELECT json_object({}) AS text FROM {table}", pairs.join(", "))
        } else {
            format!("SELECT row_to_json({table})::text AS text FROM {table}")
        };
        self.texts(&sql).await.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
    }

    fn is_sqlite(&self) -> bool {
        matches!(self.gateway.config.database_url, DatabaseUrl::Sqlite(_))
    }
}
