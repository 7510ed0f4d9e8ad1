//! Direct access to the database, for data without a public API.

use diesel::{
    QueryableByName, RunQueryDsl as _,
    sql_types::{BigInt, Nullable, SmallInt, Text},
};
use diglot::store::{Conn, StoreError};

use super::TestApp;

/// A row of the audit log.
#[derive(Debug, QueryableByName)]
pub struct AuditRow {
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
}
